#include "hosts/object_events.hpp"

#include "adapters/s3/notification.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"
#include "net/authorization.hpp"

namespace hoist::hosts {
namespace {

constexpr std::size_t body_max = std::size_t{1} << 20;

std::string shown_by(net::Request const& request) {
  auto const field = request.headers.get("Authorization");
  if (auto const token = net::credentials_of(field, "Bearer")) return std::string{*token};
  auto const basic = net::credentials_of(field, "Basic");
  auto const pair = basic ? unbase64(*basic).value_or("") : "";
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
