#include "aws/client/json_caller.hpp"

#include "aws/client/endpoint.hpp"
#include "base/try.hpp"

namespace hoist::aws {
namespace {

constexpr auto json_type = "application/x-amz-json-1.0";
constexpr std::size_t answer_depth_max = 40;

}  // namespace

Result<std::unique_ptr<JsonCaller>> JsonCaller::open(JsonService service, Account& account,
                                                     CallOptions options) {
  TRY(auto endpoint, endpoint_of(service.name, account.region(), account.environment()));
  return std::unique_ptr<JsonCaller>{
      new JsonCaller{std::move(service), account, std::move(options), std::move(endpoint)}};
}

Async<json::object> JsonCaller::call(std::string action, json::object input, std::string resource,
                                     Deadline deadline) {
  auto call = HttpCall{.origin = endpoint_};
  call.headers = {{"content-type", json_type}, {"x-amz-target", service_.target + "." + action}};
  call.body = json::serialize(input);
  auto about = CallAbout{action, right_of(action), std::move(resource)};
  CO_TRY(auto const response, co_await caller_.send(std::move(call), std::move(about), deadline));
  auto parsed = parse_json(response.body, {.depth_max = answer_depth_max});
  if (parsed && parsed->is_object()) co_return std::move(parsed->get_object());
  co_return fail(Error{Code::unavailable, "A service of the cloud answered nonsense."}.with_cause(
      service_.name + ":" + action));
}

std::string JsonCaller::right_of(std::string const& action) const {
  constexpr auto batch = std::string_view{"Batch"};
  if (!service_.batches_by_single_right || !action.ends_with(batch)) return action;
  return action.substr(0, action.size() - batch.size());
}

}  // namespace hoist::aws
