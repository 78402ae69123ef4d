#include "aws/client/caller.hpp"

#include <algorithm>

#include "aws/client/http_connections.hpp"
#include "aws/client/service_error.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"
#include "net/url.hpp"

namespace hoist::aws {
namespace {

bool may_pass(Code code) {
  return code == Code::unavailable || code == Code::timeout;
}

std::string url_of(HttpCall const& call) {
  auto url = call.origin + percent_encode(call.path, true);
  if (!call.query.empty()) url += '?' + canonical_query(call.query);
  return url;
}

bool hides_error(HttpCall const& call, net::Response const& response) {
  return call.hides_errors && response.body.find("<Error>") != std::string::npos;
}

}  // namespace

// What came of one attempt: an answer, or an error and what is known about it.
struct Caller::Attempt {
  Result<net::Response> result;
  bool retryable = false;
  std::optional<ServiceError> said;  // by the service
  Credentials credentials;
  std::optional<Time> their_time;
};

Async<net::Response> Caller::send(HttpCall call, CallAbout about, Deadline deadline) {
  auto const started = std::chrono::steady_clock::now();
  auto attempts = 0;
  auto outcome = co_await try_until(call, about.action, attempts, deadline);
  account_.calls().add({.service = service_.name,
                        .action = about.action,
                        .right = about.right,
                        .resource = about.resource,
                        .outcome = outcome ? "ok" : outcome.error().slug(),
                        .attempts = attempts,
                        .took = std::chrono::steady_clock::now() - started});
  co_return outcome;
}

Async<net::Response> Caller::try_until(HttpCall const& call, std::string const& action, int& attempts,
                                       Deadline deadline) {
  for (auto corrected = false;;) {
    ++attempts;
    CO_TRY(auto tried, co_await attempt(call, action, deadline));
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

Async<Caller::Attempt> Caller::attempt(HttpCall const& call, std::string const& action, Deadline deadline) {
  auto tried = Attempt{.result = fail(Code::internal)};
  CO_TRY(tried.credentials, co_await account_.credentials().get(deadline));
  auto request = net::ClientRequest{.method = call.method, .url = url_of(call)};
  CO_TRY(auto const url, net::parse_url(request.url));
  request.headers = sign(call, url.authority, tried.credentials);
  request.body = call.body;
  request.repeatable = true;
  request.response_bytes_max = options_.answer_bytes_max;
  auto& client = http_client_of(co_await asio::this_coro::executor, account_.ca_file());
  auto response =
      co_await client.send(std::move(request), std::min(deadline, deadline_in(options_.attempt_timeout)));
  if (!response) {
    tried.retryable = may_pass(response.error().code());
    tried.result = std::unexpected{response.error()};
    co_return tried;
  }
  if (response->status / 100 == 2 && !hides_error(call, *response)) {
    tried.result = std::move(response);
    co_return tried;
  }
  tried.said = read_service_error(*response);
  tried.retryable = tried.said->retryable();
  if (auto const time = parse_http_date(response->headers.get("Date"))) tried.their_time = *time;
  tried.result = std::unexpected{tried.said->to_error(service_.name + ":" + action)};
  co_return tried;
}

// Something other than waiting may help: a right clock, or new credentials.
bool Caller::put_right(Attempt const& failed) {
  if (!failed.said) return false;
  if (failed.said->skewed() && failed.their_time && account_.correct_clock(*failed.their_time)) return true;
  if (!failed.said->expired()) return false;
  account_.credentials().forget(failed.credentials);
  return true;
}

net::Headers Caller::sign(HttpCall const& call, std::string_view host, Credentials const& credentials) const {
  auto fields = Pairs{{"host", std::string{host}}};
  fields.insert(fields.end(), call.headers.begin(), call.headers.end());
  auto const signer = Signer{credentials, service_.region, service_.name};
  auto const request = RequestView{call.method, call.path, call.query, fields};
  for (auto& added : signer.sign(request, sha256_hex(call.body), account_.now()))
    fields.push_back(std::move(added));
  auto headers = net::Headers{};
  for (auto& [name, value] : fields) headers.add(std::move(name), std::move(value));
  return headers;
}

}  // namespace hoist::aws
