#include "tasks/webhook.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/json.hpp"
#include "base/try.hpp"
#include "tasks/parse.hpp"

namespace hoist::tasks {
namespace {

constexpr auto idle_timeout = std::chrono::seconds{5};
constexpr std::size_t excerpt_bytes_max = 200;
constexpr auto http_gone = 410;
constexpr auto http_unprocessable = 422;

std::string payload(Delivery const& delivery, Time now) {
  auto data = json::object{{"task_id", delivery.id.str()},
                           {"group", delivery.group},
                           {"attempt", delivery.attempt},
                           {"accepted_at", to_rfc3339(delivery.accepted_at)}};
  if (delivery.sequence > 0) data["sequence"] = delivery.sequence;
  if (auto const body = parse_json(delivery.body); body && body->is_object())
    for (auto const& member : body->get_object()) data[member.key()] = member.value();
  data.erase("created_by");  // of no concern to the receiver
  data.erase("request_id");
  data.erase("traceparent");  // a header
  return json::serialize(
      json::object{{"type", "task"}, {"timestamp", to_rfc3339(now)}, {"data", std::move(data)}});
}

// Seconds or an HTTP date (RFC 9110 section 10.2.3); nothing when it is neither.
std::optional<Micros> retry_after(net::Response const& response, Time now) {
  auto const text = response.headers.get("Retry-After");
  if (text.empty()) return std::nullopt;
  auto seconds = std::int64_t{0};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  auto delay = Micros{0};
  if (end == text.data() + text.size() && error != std::errc::invalid_argument) {
    auto const most = webhook_retry_after_max.count() / 1'000'000;
    delay = std::chrono::seconds{error == std::errc::result_out_of_range ? most : std::min(seconds, most)};
  } else if (auto const date = parse_http_date(text)) {
    delay = *date - now;
  } else {
    return std::nullopt;
  }
  return std::clamp(delay, Micros{0}, webhook_retry_after_max);
}

// What the receiver says about it, for people: one printable line.
std::string excerpt(std::string_view body) {
  auto text = std::string{};
  for (auto const c : body.substr(0, excerpt_bytes_max)) text += c >= 0x20 && c < 0x7F ? c : ' ';
  while (text.ends_with(' ')) text.pop_back();
  return text.empty() ? text : ": " + text;
}

class Webhook final : public Handler {
 public:
  Webhook(WebhookOptions options, std::shared_ptr<WebhookSecrets> secrets, Clock const& clock)
      : options_{std::move(options)},
        secrets_{std::move(secrets)},
        clock_{clock},
        client_{client_options(options_)} {}

  asio::awaitable<Outcome> run(Delivery delivery, Deadline deadline) override {
    auto const limit = std::min(deadline, deadline_in(options_.timeout));
    auto accepted = false;
    auto const response = co_await send(delivery, accepted, limit);
    co_return judge(response, accepted);
  }

 private:
  static net::ClientOptions client_options(WebhookOptions const& options) {
    auto client = net::ClientOptions{};
    client.connections_per_host = 1;
    client.idle_timeout = idle_timeout;
    client.ca_file = options.ca_file;
    if (!options.target.allow_private)
      client.address_allowed = [](std::string const& address) { return is_public_address(address); };
    return client;
  }

  // `accepted`: the answer is a 2xx, although not all of it was read.
  Async<net::Response> send(Delivery const& delivery, bool& accepted, Deadline deadline) {
    auto const now = clock_.now();
    auto const seconds = to_us(now) / 1'000'000;
    auto request = net::ClientRequest{.method = "POST", .url = options_.url};
    request.body = payload(delivery, now);
    request.headers.set("Content-Type", "application/json");
    request.headers.set("User-Agent", "Hoist-Webhook/1");
    request.headers.set("webhook-id", delivery.id.str());
    request.headers.set("webhook-timestamp", std::to_string(seconds));
    if (secrets_)
      request.headers.set("webhook-signature",
                          sign_webhook(secrets_->current(), now, delivery.id.str(), seconds, request.body));
    if (auto const trace = trace_of(delivery.body); !trace.empty()) request.headers.set("traceparent", trace);
    request.headers.set("hoist-attempt", std::to_string(delivery.attempt));
    request.repeatable = true;  // under the same webhook-id
    request.response_bytes_max = webhook_answer_bytes_max;
    auto left = webhook_answer_bytes_max;
    request.sink = [&accepted, left](std::string_view bytes) mutable -> Async<> {
      if (bytes.size() > left) {
        accepted = true;
        co_return fail(Code::too_large);
      }
      left -= bytes.size();
      co_return Result<void>{};
    };
    co_return co_await client_.send(std::move(request), deadline);
  }

  Outcome judge(Result<net::Response> const& response, bool accepted) const {
    if (accepted) return Outcome::success();
    if (!response) {
      auto const& error = response.error();
      return Outcome::failure("The receiver did not answer properly. " + error.detail());
    }
    auto const status = response->status;
    if (status >= 200 && status < 300) return Outcome::success();
    if (status == http_gone || status == http_unprocessable)
      return Outcome::refused(
          fmt::format("The receiver refused it for good ({}){}", status, excerpt(response->body)));
    auto const moved = status >= 300 && status < 400;
    auto outcome =
        Outcome::failure(moved ? fmt::format("The receiver redirects ({}), which is not followed", status)
                               : fmt::format("The receiver answered {}{}", status, excerpt(response->body)));
    outcome.delay = retry_after(*response, clock_.now());
    return outcome;
  }

  WebhookOptions options_;
  std::shared_ptr<WebhookSecrets> secrets_;
  Clock const& clock_;
  net::Client client_;
};

}  // namespace

Result<MakeHandler> make_webhook(WebhookOptions options, std::shared_ptr<WebhookSecrets> secrets,
                                 Clock const& clock) {
  CHECK(check_webhook_url(options.url, options.target));
  return MakeHandler{[options = std::move(options), secrets = std::move(secrets), &clock] {
    return std::make_unique<Webhook>(options, secrets, clock);
  }};
}

}  // namespace hoist::tasks
