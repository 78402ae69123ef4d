#include "aws/client/json_caller.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "aws/client/endpoint.hpp"
#include "aws/client/http_connections.hpp"
#include "aws/client/service_error.hpp"
#include "base/try.hpp"
#include "net/url.hpp"

namespace hoist::aws {
namespace {

constexpr auto json_type = "application/x-amz-json-1.0";
constexpr std::size_t answer_depth_max = 40;

bool may_pass(Code code) {
  return code == Code::unavailable || code == Code::timeout;
}

}  // namespace

// What came of one attempt: a result, or an error and what is known about it.
struct JsonCaller::Attempt {
  Result<json::object> result;
  bool retryable = false;
  std::optional<ServiceError> said;  // by the service
  Credentials credentials;
  std::optional<Time> their_time;
};

JsonCaller::JsonCaller(JsonService service, Account& account, CallOptions options, std::string endpoint)
    : service_{std::move(service)},
      account_{account},
      options_{std::move(options)},
      endpoint_{std::move(endpoint)},
      host_{net::parse_url(endpoint_)->authority} {}

Result<std::unique_ptr<JsonCaller>> JsonCaller::open(JsonService service, Account& account,
                                                     CallOptions options) {
  TRY(auto endpoint, endpoint_of(service.name, account.region(), account.environment()));
  return std::unique_ptr<JsonCaller>{
      new JsonCaller{std::move(service), account, std::move(options), std::move(endpoint)}};
}

Async<json::object> JsonCaller::call(std::string action, json::object input, std::string resource,
                                     Deadline deadline) {
  auto const started = std::chrono::steady_clock::now();
  auto const body = json::serialize(input);
  auto attempts = 0;
  auto outcome = co_await try_until(action, body, attempts, deadline);
  account_.calls().add({.service = service_.name,
                        .action = action,
                        .right = right_of(action),
                        .resource = resource,
                        .outcome = outcome ? "ok" : outcome.error().slug(),
                        .attempts = attempts,
                        .took = std::chrono::steady_clock::now() - started});
  co_return outcome;
}

Async<json::object> JsonCaller::try_until(std::string const& action, std::string const& body, int& attempts,
                                          Deadline deadline) {
  for (auto corrected = false;;) {
    ++attempts;
    CO_TRY(auto tried, co_await attempt(action, body, deadline));
    if (tried.result) {
      budget_.give_back(attempts > 1);
      co_return std::move(tried.result);
    }
    auto const right_now = !corrected && put_right(tried);
    corrected = corrected || right_now;
    if (right_now) continue;
    if (!tried.retryable || attempts >= options_.retry.attempts_max || !budget_.take())
      co_return std::move(tried.result);
    auto const pause = options_.retry.pauses.after(attempts);
    if (std::chrono::steady_clock::now() + pause >= deadline) co_return std::move(tried.result);
    (void)co_await never_.wait(never_.ticket(), deadline_in(pause));
  }
}

Async<JsonCaller::Attempt> JsonCaller::attempt(std::string const& action, std::string const& body,
                                               Deadline deadline) {
  auto tried = Attempt{.result = fail(Code::internal)};
  CO_TRY(tried.credentials, co_await account_.credentials().get(deadline));
  auto request = net::ClientRequest{.method = "POST", .url = endpoint_ + "/"};
  request.headers = sign(action, body, tried.credentials);
  request.body = body;
  request.repeatable = true;
  request.response_bytes_max = options_.answer_bytes_max;
  auto& client = http_client_of(co_await asio::this_coro::executor, account_.ca_file());
  auto const response =
      co_await client.send(std::move(request), std::min(deadline, deadline_in(options_.attempt_timeout)));
  if (!response) {
    tried.retryable = may_pass(response.error().code());
    tried.result = std::unexpected{response.error()};
    co_return tried;
  }
  if (response->status == 200) {
    auto parsed = parse_json(response->body, {.depth_max = answer_depth_max});
    if (parsed && parsed->is_object())
      tried.result = std::move(parsed->get_object());
    else
      tried.result = fail(Error{Code::unavailable, "A service of the cloud answered nonsense."}.with_cause(
          service_.name + ":" + action));
    co_return tried;
  }
  tried.said = read_service_error(*response);
  tried.retryable = tried.said->retryable();
  if (auto const time = parse_http_date(response->headers.get("Date"))) tried.their_time = *time;
  tried.result = std::unexpected{tried.said->to_error(service_.name + ":" + action)};
  co_return tried;
}

// Something other than waiting may help: a right clock, or new credentials.
bool JsonCaller::put_right(Attempt const& failed) {
  if (!failed.said) return false;
  if (failed.said->skewed() && failed.their_time && account_.correct_clock(*failed.their_time)) return true;
  if (!failed.said->expired()) return false;
  account_.credentials().forget(failed.credentials);
  return true;
}

std::string_view JsonCaller::right_of(std::string_view action) const {
  constexpr auto batch = std::string_view{"Batch"};
  if (service_.batches_by_single_right && action.ends_with(batch)) action.remove_suffix(batch.size());
  return action;
}

net::Headers JsonCaller::sign(std::string const& action, std::string const& body,
                              Credentials const& credentials) const {
  auto fields =
      Pairs{{"host", host_}, {"content-type", json_type}, {"x-amz-target", service_.target + "." + action}};
  auto const signer = Signer{credentials, account_.region(), service_.name};
  auto const request = RequestView{"POST", "/", {}, fields};
  for (auto& added : signer.sign(request, sha256_hex(body), account_.now()))
    fields.push_back(std::move(added));
  auto headers = net::Headers{};
  for (auto& [name, value] : fields) headers.add(std::move(name), std::move(value));
  return headers;
}

}  // namespace hoist::aws
