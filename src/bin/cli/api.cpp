#include "bin/cli/api.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include "base/encode.hpp"
#include "base/id.hpp"
#include "base/try.hpp"

namespace hoist::cli {
namespace {

constexpr auto no_content = 204;
constexpr std::size_t answer_depth_max = 64;  // a page of events whose details are as deep as they may be
constexpr auto call_timeout = std::chrono::minutes{10};  // connections that stand still end much earlier

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

bool passes_by_itself(int status) {
  return status == 429 || status == 408 || (status >= 500 && status != info(Code::storage_full).http_status);
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

std::string language_of_user() {
  for (auto const* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    auto const* const value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    auto const locale = std::string_view{value};
    auto const tag = locale.substr(0, locale.find_first_of("_.@"));
    return tag == "C" || tag == "POSIX" ? std::string{} : std::string{tag};
  }
  return {};
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

Async<json::object> Api::remove(std::string path) {
  auto request = net::ClientRequest{};
  request.method = "DELETE";
  request.url = connection_.api + path;
  co_return co_await call(std::move(request));
}

bool Api::given_up(int attempt, Link::Moment began) const {
  return patience_.link != nullptr ? patience_.link->given_up(began) : attempt >= patience_.attempts_max;
}

Async<net::Response> Api::send(net::ClientRequest request) {
  request.headers.set("Authorization", "Bearer " + connection_.token);
  request.headers.set("Accept", "application/json");
  if (auto const language = language_of_user(); !language.empty())
    request.headers.set("Accept-Language", language);
  auto const began = std::chrono::steady_clock::now();
  for (auto attempt = 1;; ++attempt) {
    auto response = co_await client_.send(request, deadline_in(call_timeout));
    if (response && !passes_by_itself(response->status)) {
      if (patience_.link != nullptr) patience_.link->carried();
      co_return response;
    }
    auto const error = response ? error_of(*response) : response.error();
    if (!error.retryable()) co_return response;
    if (given_up(attempt, began)) {
      if (response) co_return response;
      co_return fail(Error{error.code(), "The server at " + connection_.api + " does not answer."}.with_cause(
          error.to_string()));
    }
    if (patience_.link != nullptr)
      CO_CHECK(co_await patience_.link->pause(attempt, error));
    else
      CO_CHECK(co_await sleep_for(backoff(attempt, error.retry_after_s())));
  }
}

Async<json::object> Api::call(net::ClientRequest request) {
  CO_TRY(auto response, co_await send(std::move(request)));
  if (response.status < 200 || response.status >= 300) co_return fail(error_of(response));
  if (response.status == no_content) co_return json::object{};
  auto value = parse_json(response.body, {.depth_max = answer_depth_max});
  if (!value || !value->is_object())
    co_return fail(Error{Code::internal, "The server answered something that is not a JSON object."});
  co_return std::move(value->get_object());
}

}  // namespace hoist::cli
