#include "net/message.hpp"

#include <algorithm>

#include "base/encode.hpp"
#include "net/detail/admit.hpp"

namespace hoist::net {

void Headers::set(std::string_view name, std::string value) {
  std::erase_if(fields_, [&](Field const& field) { return equal_ignoring_case(field.first, name); });
  fields_.emplace_back(std::string{name}, std::move(value));
}

std::string_view Headers::get(std::string_view name) const {
  for (auto const& [field, value] : fields_)
    if (equal_ignoring_case(field, name)) return value;
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::ranges::any_of(fields_,
                             [&](Field const& field) { return equal_ignoring_case(field.first, name); });
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (auto const& [key, value] : query)
    if (key == name) return value;
  return std::nullopt;
}

std::string const& Request::param(std::string_view name) const {
  static auto const absent = std::string{};
  auto const found = params.find(name);
  return found == params.end() ? absent : found->second;
}

std::string_view trace_id(Request const& request) {
  constexpr auto offset = std::size_t{3};
  constexpr auto length = std::size_t{32};
  auto const parent = std::string_view{request.trace_parent};
  return parent.size() < offset + length ? std::string_view{} : parent.substr(offset, length);
}

Response json_response(int status, json::value const& body) {
  return json_text_response(status, json::serialize(body));
}

Response json_text_response(int status, std::string body) {
  body += '\n';  // so that a shell's prompt stands on a line of its own
  return text_response(status, std::move(body), "application/json");
}

Response text_response(int status, std::string body, std::string content_type) {
  auto response = Response{.status = status};
  response.headers.add("Content-Type", std::move(content_type));
  response.body = std::move(body);
  return response;
}

Response redirect(std::string location) {
  auto response = Response{.status = 302};
  response.headers.add("Location", std::move(location));
  response.headers.add("Cache-Control", "no-store");
  return response;
}

Response problem(Error const& error, std::string_view request_id) {
  auto const& code = info(error.code());
  // Our own faults are told in the log; the caller gets what it needs to ask about them.
  auto const ours = code.http_status == 500;
  auto const slug = error.slug();
  auto body = json::object{};
  body["type"] = "urn:hoist:problem:" + std::string{slug};
  body["title"] = json::string{code.title};
  body["status"] = code.http_status;
  if (ours)
    body["detail"] = "Something failed on our side. If it happens again, report the request id.";
  else if (!error.detail().empty())
    body["detail"] = error.detail();
  body["code"] = json::string{slug};
  if (!ours && !error.fields().empty()) {
    auto& errors = (body["errors"] = json::array{}).get_array();
    for (auto const& field : error.fields())
      errors.push_back(json::object{{"field", field.field}, {"reason", field.reason}});
  }
  body["request_id"] = json::string{request_id};
  auto response = text_response(static_cast<int>(code.http_status), json::serialize(body) + "\n",
                                "application/problem+json");
  response.headers.add("Cache-Control", "no-store");
  if (auto const seconds = error.retry_after_s())
    response.headers.add("Retry-After", std::to_string(*seconds));
  else if (error.code() == Code::unavailable || error.code() == Code::throttled)
    response.headers.add("Retry-After", "1");
  if (error.code() == Code::unauthenticated) response.headers.add("WWW-Authenticate", "Bearer");
  return response;
}

Result<json::object> json_body(Request const& request, JsonLimits limits) {
  auto const type = request.headers.get("Content-Type");
  auto const media_type = trim(type.substr(0, type.find(';')));
  if (!equal_ignoring_case(media_type, "application/json"))
    return fail(Code::unsupported_type, "Send the body as application/json.");
  auto parsed = parse_json(request.body, limits);
  if (!parsed) return std::unexpected{std::move(parsed).error()};
  if (!parsed->is_object()) return fail(Code::invalid, "The body must be a JSON object.");
  return std::move(parsed->get_object());
}

}  // namespace hoist::net
