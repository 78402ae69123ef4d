// One request in each of the shapes in which a function gets it, and what it answered in each of them.
// Source   as aws/function/http_event.hpp; written by hand after the samples of the AWS documentation.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "aws/function/http_event.hpp"
#include "base/encode.hpp"

namespace hoist::testing {

struct AskedOfFunction {
  std::string method = "GET";
  std::string path;   // encoded
  std::string query;  // encoded, without its question mark
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  std::string gateway_key;  // of a REST API
  bool as_base64 = false;
};

inline void put_body(json::object& event, AskedOfFunction const& asked) {
  event["isBase64Encoded"] = asked.as_base64;
  event["body"] = asked.body.empty() ? json::value(nullptr)
                                     : json::value(asked.as_base64 ? base64(asked.body) : asked.body);
}

inline json::object headers_of(AskedOfFunction const& asked, bool many) {
  auto headers = json::object{};
  for (auto const& [name, value] : asked.headers)
    headers[name] = many ? json::value(json::array{json::value(value)}) : json::value(value);
  return headers;
}

// As REST APIs and load balancers split it. `decoded`: REST APIs decode it.
inline json::object query_of(AskedOfFunction const& asked, bool decoded, bool many) {
  auto query = json::object{};
  for (auto rest = std::string_view{asked.query}; !rest.empty();) {
    auto const one = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(one.size() + 1, rest.size()));
    auto const equals = std::min(one.find('='), one.size());
    auto const text = [&](std::string_view part) {
      return decoded ? *percent_decode(part) : std::string{part};
    };
    auto const name = text(one.substr(0, equals));
    auto const value = text(one.substr(std::min(equals + 1, one.size())));
    if (!many)
      query[name] = value;
    else if (auto* values = query.if_contains(name))
      values->get_array().emplace_back(value);
    else
      query[name] = json::array{json::value(value)};
  }
  return query;
}

inline json::object rest_event(AskedOfFunction const& asked) {
  auto identity = json::object{{"sourceIp", "192.0.2.7"}};
  if (!asked.gateway_key.empty()) identity["apiKeyId"] = asked.gateway_key;
  auto event = json::object{
      {"resource", "/{proxy+}"},
      {"path", asked.path},
      {"httpMethod", asked.method},
      {"headers", headers_of(asked, false)},
      {"multiValueHeaders", headers_of(asked, true)},
      {"multiValueQueryStringParameters", query_of(asked, true, true)},
      {"requestContext", {{"resourceId", "abc123"}, {"stage", "prod"}, {"identity", std::move(identity)}}}};
  put_body(event, asked);
  return event;
}

inline json::object http_event(AskedOfFunction const& asked, std::string const& stage = "$default") {
  auto const prefix = stage == "$default" ? std::string{} : "/" + stage;
  auto event = json::object{
      {"version", "2.0"},
      {"rawPath", prefix + asked.path},
      {"rawQueryString", asked.query},
      {"headers", headers_of(asked, false)},
      {"requestContext",
       {{"stage", stage},
        {"http", {{"method", asked.method}, {"path", prefix + asked.path}, {"sourceIp", "192.0.2.7"}}}}}};
  put_body(event, asked);
  return event;
}

inline json::object balancer_event(AskedOfFunction const& asked, bool many) {
  auto event =
      json::object{{"requestContext", {{"elb", {{"targetGroupArn", "arn:aws:elasticloadbalancing:x"}}}}},
                   {"httpMethod", asked.method},
                   {"path", asked.path}};
  auto headers = headers_of(asked, many);
  headers["x-forwarded-for"] =
      many ? json::value(json::array{"198.51.100.1, 192.0.2.7"}) : json::value("198.51.100.1, 192.0.2.7");
  event[many ? "multiValueHeaders" : "headers"] = std::move(headers);
  event[many ? "multiValueQueryStringParameters" : "queryStringParameters"] = query_of(asked, false, many);
  put_body(event, asked);
  return event;
}

struct NamedEvent {
  std::string name;
  json::object event;
};

inline std::vector<NamedEvent> all_shapes(AskedOfFunction const& asked) {
  return {{"REST API", rest_event(asked)},
          {"HTTP API", http_event(asked)},
          {"HTTP API with a stage", http_event(asked, "prod")},
          {"load balancer", balancer_event(asked, false)},
          {"load balancer with many values", balancer_event(asked, true)}};
}

// What a client sees of it behind its gateway: one line a header, in order of their names.
inline net::WholeAnswer seen_by_client(json::object const& answer) {
  auto seen = net::WholeAnswer{.status = static_cast<int>(answer.at("statusCode").as_int64())};
  if (auto const* many = answer.if_contains("multiValueHeaders")) {
    for (auto const& [name, values] : many->as_object())
      for (auto const& value : values.as_array())
        seen.headers.add(std::string{name}, std::string{value.as_string()});
  } else {
    for (auto const& [name, value] : answer.at("headers").as_object())
      seen.headers.add(std::string{name}, std::string{value.as_string()});
  }
  auto const body = std::string{answer.at("body").as_string()};
  seen.body = answer.at("isBase64Encoded").as_bool() ? *unbase64(body) : body;
  return seen;
}

}  // namespace hoist::testing
