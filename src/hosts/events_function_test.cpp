// The brief's event API as a function: the routes of a server in every shape that a gateway has.
#include "hosts/events_function.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <unistd.h>

#include "base/encode.hpp"
#include "base/id.hpp"
#include "net/client.hpp"
#include "net/server.hpp"
#include "support/function_events.hpp"
#include "tenants/key_ring.hpp"

namespace hoist::hosts {
namespace {

using testing::AskedOfFunction;

constexpr auto origin = "https://events.example";

// What is of the moment, of the connection, or of how many were asked before.
std::string steady(int status, net::Headers const& headers, std::string_view body) {
  static auto const moments =
      std::regex{R"re("(eventId|receivedAt|sequence|hash|request_id)":("[^"]*"|\d+))re"};
  auto fields = std::map<std::string, std::string>{};
  for (auto const& [name, value] : headers.all()) fields[to_lower(name)] += value + ", ";
  for (auto const* name :
       {"connection", "content-length", "date", "transfer-encoding", "x-request-id", "location"})
    fields.erase(name);
  auto text = std::to_string(status) + "\n";
  for (auto const& [name, value] : fields)
    text += name + (name.starts_with("ratelimit") ? "" : ": " + value) + "\n";
  return text + std::regex_replace(std::string{body}, moments, R"("$1":"…")");
}

class EventsFunctionTest : public ::testing::Test {
 protected:
  EventsFunctionTest() {
    auto config = events_function_config({{"HOIST_FUNCTION", "events-api"},
                                          {"HOIST_SERVER_ENGINE", "memory"},
                                          {"HOIST_SERVER_DATA", folder_},
                                          {"HOIST_SERVER_CORS_ORIGINS", origin},
                                          {"HOIST_LIMITS_REQUESTS_PER_MINUTE_PER_IP", "1000000"},
                                          {"HOIST_LIMITS_REQUESTS_PER_MINUTE_PER_USER", "1000000"}});
    function_ = *EventsFunction::open(*config);
    auto const now = SystemClock{}.now();
    auto const keys = tenants::KeyRing::load_or_create(folder_ + "/keys/tokens", now);
    token_ = keys->mint(TenantId{"main"}, UserId{"ana"}, Role::member, std::chrono::hours{1}, now);
    runtime_.start();
    server_ = *net::Server::open({.name = "socket"}, runtime_, function_->router(), metrics_);
    server_->start();
  }
  ~EventsFunctionTest() override {
    server_.reset();
    runtime_.stop();
    function_.reset();
    std::filesystem::remove_all(folder_);
  }

  net::WholeAnswer invoke(json::object const& event) {
    auto const answer = run_to_end<std::string>([&] {
      return function_->invoke({"1", "", deadline_in(std::chrono::seconds{10}), json::serialize(event)});
    });
    EXPECT_TRUE(answer) << answer.error().to_string();
    return testing::seen_by_client(parse_json(*answer)->as_object());
  }
  std::string over_socket(AskedOfFunction const& asked) {
    auto request = net::ClientRequest{.method = asked.method, .body = asked.body};
    request.url = "http://127.0.0.1:" + std::to_string(server_->port()) + asked.path +
                  (asked.query.empty() ? "" : "?" + asked.query);
    for (auto const& [name, value] : asked.headers) request.headers.add(name, value);
    auto const answer = run_to_end<net::Response>([&]() -> Async<net::Response> {
      auto client = net::Client{};
      co_return co_await client.send(request, deadline_in(std::chrono::seconds{10}));
    });
    return steady(answer->status, answer->headers, answer->body);
  }
  AskedOfFunction posting(std::string body, std::string type = "application/json") {
    return {.method = "POST",
            .path = "/events",
            .headers = {{"Content-Type", std::move(type)}, {"Authorization", "Bearer " + token_}},
            .body = std::move(body)};
  }
  AskedOfFunction listing(std::string path, std::string query = {}) {
    return {.path = std::move(path),
            .query = std::move(query),
            .headers = {{"Authorization", "Bearer " + token_}}};
  }
  void expect_the_same(AskedOfFunction asked, int status) {
    asked.headers.emplace_back("Host", "api.example");
    auto const expected = over_socket(asked);
    EXPECT_TRUE(expected.starts_with(std::to_string(status))) << expected;
    for (auto const& [name, event] : testing::all_shapes(asked)) {
      auto const answer = invoke(event);
      EXPECT_EQ(steady(answer.status, answer.headers, answer.body), expected)
          << name << ": " << asked.method << " " << asked.path;
    }
  }

  std::string folder_ = ::testing::TempDir() + "/hoist-function-" + std::to_string(::getpid());
  std::unique_ptr<EventsFunction> function_;
  std::string token_;
  Metrics metrics_;
  Runtime runtime_{1};
  std::unique_ptr<net::Server> server_;
};

constexpr auto event_body =
    R"({"userId":"josé","eventType":"login","timestamp":"2026-11-20T18:25:43Z","details":{"deep":[[1.5,{"ñ":"🙂"}]]}})";

TEST_F(EventsFunctionTest, AnswersAsOverASocket) {
  expect_the_same(posting(event_body), 201);
  expect_the_same(listing("/events/nobody"), 200);
  expect_the_same(posting("{}"), 400);
  expect_the_same(posting("{\"userId\":"), 400);
  expect_the_same(posting(event_body, "text/plain"), 415);
  expect_the_same(posting(R"({"userId":"x","eventType":"y","extra":1})"), 400);
  expect_the_same(listing("/events/jos%C3%A9", "limit=0"), 400);
  expect_the_same(listing("/events/jos%C3%A9", "unknown=1"), 400);
  expect_the_same({.path = "/events/x"}, 401);
  expect_the_same({.method = "DELETE", .path = "/events"}, 405);
  expect_the_same({.path = "/tasks"}, 404);
  expect_the_same({.method = "OPTIONS", .path = "/events", .headers = {{"Origin", origin}}}, 204);
}

TEST_F(EventsFunctionTest, ARepeatedEventIsAnsweredTheSameInEveryShape) {
  auto body = parse_json(event_body)->as_object();
  body["eventId"] = new_uuid7(SystemClock{}.now());
  auto const asked = posting(json::serialize(body));
  EXPECT_TRUE(over_socket(asked).starts_with("201"));
  expect_the_same(asked, 200);
  expect_the_same(listing("/events/jos%C3%A9", "type=login&from=2026-11-20T18:25:43%2B00:00"), 200);
}

TEST_F(EventsFunctionTest, AKeyThatTheGatewayCheckedIsAMemberAndNothingElseIs) {
  auto asked = posting(event_body);
  asked.headers.pop_back();
  EXPECT_EQ(invoke(testing::rest_event(asked)).status, 401);
  asked.gateway_key = "k1";
  EXPECT_EQ(invoke(testing::rest_event(asked)).status, 201);
  auto list = AskedOfFunction{.path = "/events/jos%C3%A9", .gateway_key = "k1"};
  auto const listed = parse_json(invoke(testing::rest_event(list)).body);
  ASSERT_TRUE(listed);
  EXPECT_EQ(listed->at("events").as_array().size(), 1U);
  asked.gateway_key.clear();
  asked.headers.emplace_back("X-Api-Key", "k1");
  for (auto const& [name, event] : testing::all_shapes(asked)) EXPECT_EQ(invoke(event).status, 401) << name;
}

TEST_F(EventsFunctionTest, TakesNoEventOfAQueueForARequest) {
  for (auto const* event : {R"({"Records":[{"eventSource":"aws:sqs","body":"{}"}]})", "[]", "not json"}) {
    auto const answer = run_to_end<std::string>(
        [&] { return function_->invoke({"1", "", deadline_in(std::chrono::seconds{10}), event}); });
    ASSERT_FALSE(answer) << event;
    EXPECT_EQ(answer.error().code(), Code::invalid);
  }
}

TEST(FunctionConfig, IsThatOfTheTemplatesVariables) {
  auto environment =
      std::map<std::string, std::string>{{"HOIST_FUNCTION", "events-api"},
                                         {"HOIST_LOG_FORMAT", "json"},
                                         {"HOIST_EVENTS_INDEX_HOST", "db.internal"},
                                         {"HOIST_EVENTS_INDEX_PORT", "1433"},
                                         {"HOIST_EVENTS_INDEX_SECRET", "arn:aws:secretsmanager:x"},
                                         {"HOIST_EVENTS_DETAILS_TABLE", "details"},
                                         {"HOIST_SERVER_CORS_ORIGINS", origin}};
  auto const refused = events_function_config(environment);
  ASSERT_FALSE(refused) << "events would be lost with each process";
  EXPECT_EQ(refused.error().code(), Code::not_implemented);
  EXPECT_TRUE(refused.error().detail().contains("HOIST_EVENTS_INDEX_HOST"));
  environment["HOIST_SERVER_ENGINE"] = "memory";
  auto const config = events_function_config(environment);
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_EQ(config->details.table, "details");
  EXPECT_EQ(config->server.data, "/tmp/hoist");
  auto file = std::ifstream{HOIST_SOURCE_DIR "/sam/template.yaml"};
  auto const text = std::string{std::istreambuf_iterator<char>{file}, {}};
  auto const names = std::regex{R"(\n +(HOIST_[A-Z_]+):)"};
  for (auto at = std::sregex_iterator{text.begin(), text.end(), names}; at != std::sregex_iterator{}; ++at)
    EXPECT_TRUE(environment.contains((*at)[1])) << (*at)[1] << " is in the template";
}

}  // namespace
}  // namespace hoist::hosts
