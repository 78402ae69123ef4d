#include "hosts/object_events.hpp"

#include "adapters/s3/notification.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::hosts {
namespace {

constexpr std::size_t body_max = std::size_t{1} << 20;
constexpr auto bearer = std::string_view{"Bearer "};
constexpr auto basic = std::string_view{"Basic "};

std::string shown_by(net::Request const& request) {
  auto const authorization = request.headers.get("Authorization");
  if (authorization.starts_with(bearer)) return std::string{authorization.substr(bearer.size())};
  if (!authorization.starts_with(basic)) return {};
  auto const pair = unbase64(authorization.substr(basic.size())).value_or("");
  auto const colon = pair.find(':');
  return colon == pair.npos ? std::string{} : pair.substr(colon + 1);
}

}  // namespace

void add_object_events_route(net::Router& router, ObjectNews& news, std::string token) {
  router.add({.method = "POST", .pattern = "/object-events", .body_max = body_max},
             [&news, token = std::move(token)](net::Request& request) -> Async<net::Response> {
               if (token.empty() || !equal_constant_time(shown_by(request), token))
                 co_return fail(Code::unauthenticated, "The token of objects.events_token is needed.");
               CO_TRY(auto const refs, s3::parse_notification(request.body));
               for (auto const& ref : refs) CO_CHECK(co_await news.on_news(ref, request.deadline));
               co_return net::Response{.status = 204};
             });
}

}  // namespace hoist::hosts
