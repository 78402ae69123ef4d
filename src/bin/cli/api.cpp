#include "bin/cli/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

#include "base/encode.hpp"
#include "base/id.hpp"
#include "base/try.hpp"

namespace hoist::cli {
namespace {

constexpr auto backoff_first = std::chrono::milliseconds{250};
constexpr auto backoff_longest = std::chrono::milliseconds{30'000};
constexpr std::size_t answer_depth_max = 64;  // a page of events whose details are as deep as they may be
constexpr auto call_timeout = std::chrono::seconds{60};

Code code_of(int status) {
  for (auto index = 0; index < static_cast<int>(Code::count_); ++index)
    if (info(static_cast<Code>(index)).http_status == status) return static_cast<Code>(index);
  if (status >= 500) return Code::unavailable;
  return Code::invalid;
}

// The text between <name> and </name>; S3's errors are flat and short, so this is enough.
std::string xml_text(std::string_view body, std::string_view name) {
  auto const open = fmt::format("<{}>", name);
  auto const begin = body.find(open);
  if (begin == std::string_view::npos) return {};
  auto const end = body.find("</", begin);
  if (end == std::string_view::npos) return {};
  return std::string{body.substr(begin + open.size(), end - begin - open.size())};
}

}  // namespace

std::chrono::milliseconds backoff(int attempt, std::optional<std::uint32_t> retry_after_s) {
  static thread_local auto random = std::minstd_rand{std::random_device{}()};
  auto const doubled = backoff_first * (std::int64_t{1} << std::min(attempt - 1, 10));
  auto const ceiling = std::min<std::chrono::milliseconds>(doubled, backoff_longest).count();
  auto const delay =
      std::chrono::milliseconds{std::uniform_int_distribution<std::int64_t>{ceiling / 2, ceiling}(random)};
  if (!retry_after_s) return delay;
  return std::max<std::chrono::milliseconds>(delay, std::chrono::seconds{*retry_after_s});
}

std::optional<std::uint32_t> retry_after_of(net::Response const& response) {
  auto const text = response.headers.get("Retry-After");
  auto seconds = std::uint32_t{};
  auto const [end, problem] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (problem != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return seconds;
}

std::vector<FieldError> fields_of(json::object const& problem) {
  auto fields = std::vector<FieldError>{};
  for (auto const& entry : array_of(problem, "errors")) {
    if (!entry.is_object()) continue;
    fields.push_back({text_of(entry.get_object(), "field"), text_of(entry.get_object(), "reason")});
  }
  return fields;
}

Error error_of(net::Response const& response) {
  auto const code = code_of(response.status);
  auto detail = std::string{};
  auto fields = std::vector<FieldError>{};
  if (auto const body = parse_json(response.body); body && body->is_object()) {
    auto const& problem = body->get_object();
    detail = text_of(problem, "detail");
    if (detail.empty()) detail = text_of(problem, "title");
    fields = fields_of(problem);
  } else {
    detail = xml_text(response.body, "Message");
    if (detail.empty()) detail = xml_text(response.body, "Code");
  }
  if (detail.empty()) detail = fmt::format("The server answered {}.", response.status);
  auto error = Error{code, std::move(detail)}.with_fields(std::move(fields));
  if (auto const seconds = retry_after_of(response)) return std::move(error).with_retry_after(*seconds);
  return error;
}

Api::Api(net::Client& client, Connection connection, Patience patience)
    : client_{client}, connection_{std::move(connection)}, patience_{patience} {}

Async<json::object> Api::get(std::string path) {
  auto request = net::ClientRequest{};
  request.url = connection_.api + path;
  co_return co_await call(std::move(request));
}

Async<json::object> Api::post(std::string path, json::object body) {
  auto request = net::ClientRequest{};
  request.method = "POST";
  request.url = connection_.api + path;
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Idempotency-Key", new_uuid7(SystemClock{}.now()));
  request.body = json::serialize(body);
  co_return co_await call(std::move(request));
}

Async<net::Response> Api::send(net::ClientRequest request) {
  request.headers.set("Authorization", "Bearer " + connection_.token);
  request.headers.set("Accept", "application/json");
  for (auto attempt = 1;; ++attempt) {
    auto response = co_await client_.send(request, deadline_in(call_timeout));
    auto const passing =
        response ? response->status == 429 || response->status >= 500 : response.error().retryable();
    if (!passing || attempt >= patience_.attempts_max) {
      if (!response)
        co_return fail(
            Error{response.error().code(), "The server at " + connection_.api + " does not answer."}
                .with_cause(response.error().to_string()));
      co_return response;
    }
    auto const asked = response ? retry_after_of(*response) : std::nullopt;
    CO_CHECK(co_await sleep_for(backoff(attempt, asked)));
  }
}

Async<json::object> Api::call(net::ClientRequest request) {
  CO_TRY(auto response, co_await send(std::move(request)));
  if (response.status < 200 || response.status >= 300) co_return fail(error_of(response));
  auto value = parse_json(response.body, {.depth_max = answer_depth_max});
  if (!value || !value->is_object())
    co_return fail(Error{Code::internal, "The server answered something that is not a JSON object."});
  co_return std::move(value->get_object());
}

std::string text_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::int64_t number_of(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(name);
  if (value == nullptr) return 0;
  auto ignored = boost::system::error_code{};
  return value->to_number<std::int64_t>(ignored);
}

json::object const& object_of(json::object const& object, std::string_view name) {
  static auto const empty = json::object{};
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? value->get_object() : empty;
}

json::array const& array_of(json::object const& object, std::string_view name) {
  static auto const empty = json::array{};
  auto const* value = object.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : empty;
}

}  // namespace hoist::cli
