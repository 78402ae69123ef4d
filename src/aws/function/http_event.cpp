#include "aws/function/http_event.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::aws {
namespace {

constexpr auto default_host = "function";

json::object const* object_at(json::object const& object, std::string_view name) {
  auto const* found = object.if_contains(name);
  return found != nullptr && found->is_object() ? &found->get_object() : nullptr;
}

std::string_view text_at(json::object const& object, std::string_view name) {
  auto const* found = object.if_contains(name);
  return found != nullptr && found->is_string() ? std::string_view{found->get_string()} : std::string_view{};
}

std::string_view text_of(json::value const& value) {
  return value.is_string() ? std::string_view{value.get_string()} : std::string_view{};
}

bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// A path stands in the event encoded by some shapes and partly decoded by others. What is an escape stays
// one, and what may not stand in a target becomes one.
std::string encode_path(std::string_view path) {
  constexpr auto plain = std::string_view{"/-._~!$&'()*+,;=:@%"};
  auto out = std::string{};
  for (auto i = std::size_t{0}; i < path.size(); ++i) {
    auto const c = path[i];
    auto const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    auto const broken = c == '%' && (i + 2 >= path.size() || !is_hex(path[i + 1]) || !is_hex(path[i + 2]));
    if (letter || (plain.contains(c) && !broken))
      out += c;
    else
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
  }
  return out.empty() ? "/" : out;
}

// The values of each name: of the member with many where there is one, else of the member with one.
template <class Visit>
void each_value(json::object const& event, std::string_view many, std::string_view one, Visit visit) {
  if (auto const* lists = object_at(event, many)) {
    for (auto const& [name, values] : *lists)
      if (values.is_array())
        for (auto const& value : values.get_array()) visit(std::string_view{name}, text_of(value));
  } else if (auto const* texts = object_at(event, one)) {
    for (auto const& [name, value] : *texts) visit(std::string_view{name}, text_of(value));
  }
}

// `encoded`: as they stood in the request; else they were decoded on the way.
std::string query_of(json::object const& event, bool encoded) {
  auto query = std::string{};
  each_value(event, "multiValueQueryStringParameters", "queryStringParameters",
             [&](std::string_view name, std::string_view value) {
               query += query.empty() ? '?' : '&';
               query += encoded ? std::string{name} : percent_encode(name);
               query += '=';
               query += encoded ? std::string{value} : percent_encode(value);
             });
  return query;
}

void read_headers(json::object const& event, net::Headers& headers) {
  each_value(event, "multiValueHeaders", "headers", [&](std::string_view name, std::string_view value) {
    headers.add(std::string{name}, std::string{value});
  });
  auto const* cookies = event.if_contains("cookies");
  if (cookies == nullptr || !cookies->is_array() || cookies->get_array().empty()) return;
  auto joined = std::string{};
  for (auto const& cookie : cookies->get_array())
    joined.append(joined.empty() ? "" : "; ").append(text_of(cookie));
  headers.set("cookie", joined);
}

Result<std::string> read_body(json::object const& event) {
  auto const* coded = event.if_contains("isBase64Encoded");
  auto const body = text_at(event, "body");
  if (coded == nullptr || !coded->is_bool() || !coded->get_bool()) return std::string{body};
  auto decoded = unbase64(body);
  if (!decoded) return fail(Code::invalid, "The body of the event is not the base64 that it says it is.");
  return *std::move(decoded);
}

// Who connected to the balancer is what it added last.
std::string_view last_forwarded(net::Headers const& headers) {
  auto list = headers.get("X-Forwarded-For");
  if (auto const comma = list.rfind(','); comma != list.npos) list.remove_prefix(comma + 1);
  return trim(list);
}

std::optional<EventShape> shape_of(json::object const& event, json::object const& context) {
  if (object_at(context, "elb") != nullptr)
    return object_at(event, "multiValueHeaders") != nullptr ? EventShape::balancer_multi
                                                            : EventShape::balancer;
  if (text_at(event, "version") == "2.0" && object_at(context, "http") != nullptr) return EventShape::http;
  if (!text_at(event, "httpMethod").empty() && context.contains("resourceId")) return EventShape::rest;
  return std::nullopt;
}

void read_rest(json::object const& event, json::object const& context, HttpEvent& read) {
  read.parts.method = text_at(event, "httpMethod");
  read.parts.target = encode_path(text_at(event, "path")) + query_of(event, false);
  if (auto const* identity = object_at(context, "identity")) {
    read.parts.remote_address = text_at(*identity, "sourceIp");
    read.gateway_key = text_at(*identity, "apiKeyId");
  }
}

void read_http(json::object const& event, json::object const& context, HttpEvent& read) {
  auto const& http = *object_at(context, "http");
  read.parts.method = text_at(http, "method");
  read.parts.remote_address = text_at(http, "sourceIp");
  auto path = text_at(event, "rawPath");
  auto const stage = "/" + std::string{text_at(context, "stage")};
  // A stage of its own name is part of the path; the default one is not.
  if (stage != "/$default" && stage != "/" && path.starts_with(stage) &&
      (path.size() == stage.size() || path[stage.size()] == '/'))
    path.remove_prefix(stage.size());
  read.parts.target = encode_path(path);
  if (auto const query = text_at(event, "rawQueryString"); !query.empty())
    read.parts.target.append("?").append(query);
}

void read_balancer(json::object const& event, HttpEvent& read) {
  read.parts.method = text_at(event, "httpMethod");
  read.parts.target = encode_path(text_at(event, "path")) + query_of(event, true);
  read.parts.remote_address = last_forwarded(read.parts.headers);
}

std::map<std::string, std::vector<std::string>> by_name(net::Headers const& headers) {
  auto named = std::map<std::string, std::vector<std::string>>{};
  for (auto const& [name, value] : headers.all()) named[to_lower(name)].push_back(value);
  return named;
}

json::array array_of(std::vector<std::string> const& texts) {
  auto array = json::array{};
  for (auto const& text : texts) array.emplace_back(text);
  return array;
}

}  // namespace

std::string traceparent_of(std::string_view xray) {
  auto root = std::string_view{};
  auto parent = std::string_view{};
  auto sampled = std::string_view{"00"};
  while (!xray.empty()) {
    auto const field = trim(xray.substr(0, xray.find(';')));
    xray.remove_prefix(std::min(xray.size(), xray.find(';') == xray.npos ? xray.size() : xray.find(';') + 1));
    if (field.starts_with("Root=1-")) root = field.substr(7);
    if (field.starts_with("Parent=")) parent = field.substr(7);
    if (field == "Sampled=1") sampled = "01";
  }
  if (root.size() != 33 || root[8] != '-' || parent.size() != 16) return {};
  return fmt::format("00-{}{}-{}-{}", root.substr(0, 8), root.substr(9), parent, sampled);
}

Result<std::optional<HttpEvent>> read_http_event(json::object const& event, std::string_view trace) {
  auto const* context = object_at(event, "requestContext");
  auto const shape = context == nullptr ? std::nullopt : shape_of(event, *context);
  if (!shape) return std::nullopt;
  auto read = HttpEvent{.shape = *shape};
  auto& headers = read.parts.headers;
  read_headers(event, headers);
  TRY(read.parts.body, read_body(event));
  switch (*shape) {
    case EventShape::rest: read_rest(event, *context, read); break;
    case EventShape::http: read_http(event, *context, read); break;
    case EventShape::balancer:
    case EventShape::balancer_multi: read_balancer(event, read); break;
  }
  if (read.parts.method.empty()) return fail(Code::invalid, "The event has no method.");
  if (!headers.has("Host")) headers.add("Host", default_host);  // of a gateway's own test console
  if (auto parent = traceparent_of(trace); !parent.empty() && !headers.has("traceparent"))
    headers.add("traceparent", std::move(parent));
  return read;
}

json::object write_http_answer(EventShape shape, net::WholeAnswer const& answer) {
  auto const text = is_utf8(answer.body);
  auto written = json::object{{"statusCode", answer.status},
                              {"isBase64Encoded", !text},
                              {"body", text ? answer.body : base64(answer.body)}};
  auto const many = shape == EventShape::rest || shape == EventShape::balancer_multi;
  auto headers = json::object{};
  for (auto const& [name, values] : by_name(answer.headers)) {
    if (many)
      headers[name] = array_of(values);
    else if (name == "set-cookie" && shape == EventShape::http)
      written["cookies"] = array_of(values);  // the one header whose values may not be joined
    else
      headers[name] = fmt::format("{}", fmt::join(values, ", "));
  }
  written[many ? "multiValueHeaders" : "headers"] = std::move(headers);
  if (shape == EventShape::balancer || shape == EventShape::balancer_multi)
    written["statusDescription"] = std::to_string(answer.status);
  return written;
}

}  // namespace hoist::aws
