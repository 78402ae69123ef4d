#include "s3api/s3api.hpp"

#include <map>

#include "aws/verify.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "s3api/begun.hpp"
#include "s3api/conditions.hpp"
#include "s3api/cors.hpp"
#include "s3api/dispatch.hpp"

namespace hoist::s3api {
namespace {

constexpr auto form_operation = std::string_view{"PostObject"};
constexpr auto no_operation = std::string_view{"none"};

}  // namespace

struct S3Api::State {
  State(ServedObjects& store, AccessKeys const& the_keys, Options wanted, Clock const& time, Metrics& numbers)
      : keys{the_keys},
        options{std::move(wanted)},
        clock{time},
        cors{options.cors_origins},
        service{store, options, clock},
        metrics{numbers} {}

  Result<Call> authenticate(net::Request const& request, ObjectRef ref) {
    auto const view = aws::RequestView{request.method, request.path, request.query, request.headers.all()};
    TRY(auto authorization, aws::parse_authorization(view));
    if (!authorization) return access_denied("Anonymous access is not allowed; sign the request.");
    CHECK(aws::verify_time_and_scope(*authorization, options.region, clock.now()));
    auto const* const key = keys.find(authorization->access_key_id);
    if (key == nullptr)
      return fail(Error{Code::forbidden, "The AWS Access Key Id you provided does not exist in our records."}
                      .with_slug("InvalidAccessKeyId"));
    auto signing_key = signing_keys.get(key->id, key->secret, authorization->scope);
    CHECK(aws::verify_signature(view, *authorization, *signing_key));
    if (!ref.key.empty()) CHECK(check_prefix(*key, ref.key));
    auto memory = std::make_shared<net::BodyBudget::Share>(options.bodies, "key " + key->id);
    auto call = Call{request,        *std::move(authorization), key, std::move(signing_key),
                     std::move(ref), std::move(memory)};
    CHECK(check_owner(call));
    return call;
  }

  Answer answer(net::Request const& request, std::string_view& operation) {
    // Who asks comes before what they ask, but a path that names nothing cannot be signed for.
    CO_TRY(auto ref, parse_path(request.path));
    auto const is_form = request.method == "POST" && !ref.bucket.empty() && request.query.empty() &&
                         !request.headers.has("authorization") && ref.key.empty();
    if (is_form) {
      operation = form_operation;
      co_return co_await post_form(service, keys, request, ref);
    }
    CO_TRY(auto const call, authenticate(request, std::move(ref)));
    CO_TRY(auto const found, find_operation(request, call.ref));
    operation = found.name;
    co_return co_await found.answer(service, call);
  }

  // One counter per operation and status; looking a new one up takes a lock, and there are few.
  void count(std::string_view operation, int status) {
    metrics
        .counter("hoist_s3_requests_total", "Requests to the object endpoint by operation and status",
                 {{"operation", std::string{operation}}, {"status", std::to_string(status)}})
        .add();
  }

  AccessKeys const& keys;
  Options options;
  Clock const& clock;
  Cors cors;
  Service service;
  Metrics& metrics;
  aws::SigningKeys signing_keys;
};

S3Api::S3Api(ServedObjects& store, AccessKeys const& keys, Options options, Clock const& clock,
             Metrics& metrics)
    : state_{std::make_unique<State>(store, keys, std::move(options), clock, metrics)} {}
S3Api::~S3Api() = default;

asio::awaitable<net::Response> S3Api::handle(net::Request request) {
  auto operation = no_operation;
  auto response = net::Response{};
  if (request.method == "OPTIONS") {
    operation = "Preflight";
    response = state_->cors.preflight(request);
  } else {
    auto answered = co_await state_->answer(request, operation);
    if (answered)
      if (auto begun = co_await begin_stream(*answered); !begun)
        answered = std::unexpected{std::move(begun).error()};
    if (answered) {
      response = *std::move(answered);
    } else {
      auto const& error = answered.error();
      if (error.code() == Code::internal || error.code() == Code::corrupt)
        log::error("an object request failed", {{"operation", std::string{operation}},
                                                {"request_id", request.request_id},
                                                {"cause", error.to_string()}});
      response = error_response(error, request, state_->options.region);
    }
    state_->cors.expose(request, response);
  }
  response.headers.add("x-amz-request-id", request.request_id);
  response.headers.add("Server", "hoist");
  state_->count(operation, response.status);
  co_return response;
}

}  // namespace hoist::s3api
