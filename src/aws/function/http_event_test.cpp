#include "aws/function/http_event.hpp"

#include <gtest/gtest.h>

#include "support/function_events.hpp"

namespace hoist::aws {
namespace {

using testing::AskedOfFunction;

HttpEvent read(json::object const& event, std::string_view trace = {}) {
  auto found = read_http_event(event, trace);
  EXPECT_TRUE(found && *found);
  return **found;
}

AskedOfFunction const asked{.method = "POST",
                            .path = "/events/jos%C3%A9",
                            .query = "a=1&a=2&text=x%26y%20%2B",
                            .headers = {{"Host", "api.example"}, {"Content-Type", "application/json"}},
                            .body = R"({"n":"ñ"})"};

TEST(HttpEvents, EveryShapeIsTheSameRequest) {
  for (auto const& [name, event] : testing::all_shapes(asked)) {
    auto const parts = read(event).parts;
    EXPECT_EQ(parts.method, "POST") << name;
    EXPECT_EQ(parts.target.substr(0, parts.target.find('?')), "/events/jos%C3%A9") << name;
    EXPECT_EQ(parts.headers.get("Content-Type"), "application/json") << name;
    EXPECT_EQ(parts.body, asked.body) << name;
    EXPECT_EQ(parts.remote_address, "192.0.2.7") << name;
    if (name != "load balancer")
      EXPECT_EQ(parts.target, "/events/jos%C3%A9?a=1&a=2&text=x%26y%20%2B") << name;
  }
}

TEST(HttpEvents, AreToldByTheirOwnShape) {
  EXPECT_EQ(read(testing::rest_event(asked)).shape, EventShape::rest);
  EXPECT_EQ(read(testing::http_event(asked)).shape, EventShape::http);
  EXPECT_EQ(read(testing::balancer_event(asked, false)).shape, EventShape::balancer);
  EXPECT_EQ(read(testing::balancer_event(asked, true)).shape, EventShape::balancer_multi);
  for (auto const* other :
       {R"({})", R"({"Records":[{"eventSource":"aws:sqs","body":"{\"version\":\"2.0\"}"}]})",
        R"({"version":"0","detail-type":"Object Created","source":"aws.s3"})",
        R"({"version":"2.0","rawPath":"/events"})"})
    EXPECT_FALSE(*read_http_event(parse_json(other)->as_object(), {})) << other;
}

TEST(HttpEvents, APathIsEncodedOnceWhetherItWasDecodedOrNot) {
  auto event = testing::rest_event(asked);
  for (auto const& [given, wanted] :
       std::vector<std::pair<std::string, std::string>>{{"/events/jos\u00e9", "/events/jos%C3%A9"},
                                                        {"/events/a b", "/events/a%20b"},
                                                        {"/events/50%", "/events/50%25"},
                                                        {"/events/%09%afG%0G", "/events/%09%afG%250G"},
                                                        {"/events/x?y#z", "/events/x%3Fy%23z"},
                                                        {"", "/"}}) {
    event["path"] = given;
    auto const target = read(event).parts.target;
    EXPECT_EQ(target.substr(0, target.find('?')), wanted) << given;
  }
}

TEST(HttpEvents, AStageIsTakenOffOnlyWhereItIsOne) {
  auto event = testing::http_event({.path = "/production/x"}, "prod");
  event["rawPath"] = "/production/x";
  EXPECT_EQ(read(event).parts.target, "/production/x");
  event["rawPath"] = "/prod";
  EXPECT_EQ(read(event).parts.target, "/");
}

TEST(HttpEvents, CookiesAndBase64AreUndone) {
  auto event = testing::http_event(
      {.method = "POST", .path = "/x", .body = std::string{"\0\xFF", 2}, .as_base64 = true});
  event["cookies"] = json::array{"a=1", "b=2"};
  EXPECT_EQ(read(event).parts.headers.get("Cookie"), "a=1; b=2");
  EXPECT_EQ(read(event).parts.body, (std::string{"\0\xFF", 2}));
  event["body"] = "not base64!";
  EXPECT_EQ(read_http_event(event, {}).error().code(), Code::invalid);
}

TEST(HttpEvents, OnlyTheGatewaysContextNamesItsKey) {
  auto with_key = asked;
  with_key.gateway_key = "k1";
  EXPECT_EQ(read(testing::rest_event(with_key)).gateway_key, "k1");
  auto forged = asked;
  forged.headers.emplace_back("apiKeyId", "k1");
  forged.headers.emplace_back("x-api-key", "k1");
  for (auto const& [name, event] : testing::all_shapes(forged))
    EXPECT_EQ(read(event).gateway_key, "") << name;
}

TEST(HttpEvents, TheTraceGoesOn) {
  constexpr auto xray = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
  constexpr auto w3c = "00-5759e988bd862e3fe1be46a994272793-53995c3f42cd8ad8-01";
  EXPECT_EQ(traceparent_of(xray), w3c);
  EXPECT_EQ(traceparent_of(""), "");
  EXPECT_EQ(traceparent_of("Root=1-5759e988;Parent=5"), "");
  EXPECT_EQ(read(testing::http_event(asked), xray).parts.headers.get("traceparent"), w3c);
}

TEST(HttpAnswers, HaveTheFormOfTheirShape) {
  auto answer = net::WholeAnswer{.status = 201, .body = "{}"};
  answer.headers.add("Set-Cookie", "a=1");
  answer.headers.add("Set-Cookie", "b=2");
  answer.headers.add("Vary", "Origin");
  answer.headers.add("Vary", "Accept");
  auto const rest = write_http_answer(EventShape::rest, answer);
  EXPECT_EQ(rest.at("statusCode"), 201);
  EXPECT_EQ(rest.at("multiValueHeaders").at("set-cookie"), (json::array{"a=1", "b=2"}));
  EXPECT_EQ(rest.at("isBase64Encoded"), false);
  auto const http = write_http_answer(EventShape::http, answer);
  EXPECT_EQ(http.at("cookies"), (json::array{"a=1", "b=2"}));
  EXPECT_EQ(http.at("headers").at("vary"), "Origin, Accept");
  EXPECT_FALSE(http.at("headers").as_object().contains("set-cookie"));
  EXPECT_EQ(write_http_answer(EventShape::balancer, answer).at("statusDescription"), "201");
  answer.body = "\xFF";
  EXPECT_EQ(write_http_answer(EventShape::http, answer).at("isBase64Encoded"), true);
  EXPECT_EQ(write_http_answer(EventShape::http, answer).at("body"), json::value(base64("\xFF")));
}

}  // namespace
}  // namespace hoist::aws
