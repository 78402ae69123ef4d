// The brief's task API as a function that has a queue and nothing else.
#include "hosts/tasks_function.hpp"

#include <gtest/gtest.h>

#include "support/function_events.hpp"
#include "support/http_double.hpp"
#include "tasks/queued_task.hpp"

namespace hoist::hosts {
namespace {

using testing::AskedOfFunction;

constexpr auto queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/hoist-tasks.fifo";
constexpr auto origin = "https://tasks.example";
constexpr auto task = R"({"title":"Pour the slab","description":"Axis B","priority":"high"})";

class TasksFunctionTest : public ::testing::Test {
 protected:
  TasksFunctionTest() {
    auto settings = tasks_function_settings({{"HOIST_FUNCTION", "tasks-api"},
                                             {"HOIST_LOG_FORMAT", "json"},
                                             {"HOIST_TASKS_QUEUE_URL", queue_url},
                                             {"HOIST_SERVER_CORS_ORIGINS", origin}},
                                            {{"AWS_ENDPOINT_URL_SQS", sqs_.url()},
                                             {"AWS_ACCESS_KEY_ID", "AKIDTEST"},
                                             {"AWS_SECRET_ACCESS_KEY", "test"},
                                             {"AWS_REGION", "eu-west-1"}});
    auto opened = TasksFunction::open(*settings);
    EXPECT_TRUE(opened) << opened.error().to_string();
    function_.reset(dynamic_cast<TasksFunction*>(opened->release()));
  }
  Result<std::string> try_invoke(std::string event) {
    return run_to_end<std::string>(
        [&] { return function_->invoke({"1", "", deadline_in(std::chrono::seconds{10}), event}); });
  }
  net::WholeAnswer invoke(AskedOfFunction asked) {
    asked.gateway_key = "k1";
    asked.headers.emplace_back("Host", "api.example");
    if (!asked.body.empty()) asked.headers.emplace_back("Content-Type", "application/json");
    auto const answer = try_invoke(json::serialize(testing::rest_event(asked)));
    EXPECT_TRUE(answer) << answer.error().to_string();
    return testing::seen_by_client(parse_json(*answer)->as_object());
  }
  net::WholeAnswer post(std::string body) {
    return invoke({.method = "POST", .path = "/tasks", .body = std::move(body)});
  }
  json::object sent(std::size_t i) { return parse_json(sqs_.seen().at(i).body)->as_object(); }

  std::atomic<int> sqs_status_ = 200;
  testing::HttpDouble sqs_{[this](net::Request const&) {
    auto const* text = sqs_status_ == 200 ? R"({"MessageId":"m","SequenceNumber":"18850082374461439488"})"
                                          : R"({"__type":"com.amazonaws.sqs#AccessDenied"})";
    return net::json_text_response(sqs_status_, text);
  }};
  std::unique_ptr<TasksFunction> function_;
};

TEST_F(TasksFunctionTest, ATaskIsAcceptedByOneMessage) {
  auto const answer = post(task);
  ASSERT_EQ(answer.status, 201) << answer.body;
  auto const body = *parse_json(answer.body);
  EXPECT_EQ(body.at("message"), "Task created successfully");
  EXPECT_EQ(body.at("queue_sequence"), "18850082374461439488");
  ASSERT_EQ(sqs_.seen().size(), 1U);
  EXPECT_EQ(sqs_.seen()[0].headers.get("X-Amz-Target"), "AmazonSQS.SendMessage");
  auto const message = sent(0);
  EXPECT_EQ(message.at("QueueUrl"), queue_url);
  EXPECT_EQ(message.at("MessageGroupId"), "default");
  EXPECT_EQ(message.at("MessageDeduplicationId"), body.at("task_id"));
  auto const queued = tasks::read_queued_task(message.at("MessageBody").as_string());
  ASSERT_TRUE(queued);
  EXPECT_EQ(queued->tenant.str(), "main");
  EXPECT_TRUE(queued->body.contains(R"("created_by":"gateway-key:k1")"));
}

TEST_F(TasksFunctionTest, EveryWrongFieldIsNamedAndNothingIsSent) {
  auto const answer = post(R"({"title":"","description":7,"priority":"urgent","due_date":"soon","more":1})");
  EXPECT_EQ(answer.status, 400);
  for (auto const* field : {"title", "description", "priority", "due_date", "more"})
    EXPECT_TRUE(answer.body.contains(std::string{"\"field\":\""} + field)) << field << answer.body;
  EXPECT_TRUE(sqs_.seen().empty());
}

TEST_F(TasksFunctionTest, OnlyPostOfTasksIsThere) {
  for (auto const* method : {"GET", "PUT", "DELETE", "PATCH"}) {
    auto const answer = invoke({.method = method, .path = "/tasks"});
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_TRUE(answer.headers.get("Allow").contains("POST"));
  }
  EXPECT_EQ(invoke({.method = "POST", .path = "/tasks/batch", .body = "{}"}).status, 404);
  EXPECT_EQ(invoke({.path = "/dead-letters"}).status, 404);
  auto const preflight = invoke({.method = "OPTIONS", .path = "/tasks", .headers = {{"Origin", origin}}});
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.get("access-control-allow-origin"), origin);
}

TEST_F(TasksFunctionTest, OnlyAKeyThatTheGatewayCheckedIsLetIn) {
  auto asked = AskedOfFunction{
      .method = "POST",
      .path = "/tasks",
      .headers = {{"Host", "api.example"}, {"Content-Type", "application/json"}, {"X-Api-Key", "k1"}},
      .body = task};
  for (auto const& [name, event] : testing::all_shapes(asked)) {
    auto const answer = try_invoke(json::serialize(event));
    EXPECT_EQ(testing::seen_by_client(parse_json(*answer)->as_object()).status, 401) << name;
  }
  EXPECT_EQ(invoke({.method = "POST",
                    .path = "/tasks",
                    .headers = {{"Authorization", "Bearer of-a-server"}},
                    .body = task})
                .status,
            401);
  EXPECT_TRUE(sqs_.seen().empty());
}

TEST_F(TasksFunctionTest, AQueueThatRefusesIsA503) {
  sqs_status_ = 403;
  auto const answer = post(task);
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.headers.get("retry-after"), "1");
  EXPECT_FALSE(answer.body.contains("sqs")) << answer.body;
}

TEST_F(TasksFunctionTest, AnEventOfAQueueReachesNoRoute) {
  for (auto const* event : {R"({"Records":[{"eventSource":"aws:sqs","body":"{}"}]})", "[]", "not json"}) {
    auto const answer = try_invoke(event);
    ASSERT_FALSE(answer) << event;
    EXPECT_EQ(answer.error().code(), Code::invalid);
  }
  EXPECT_TRUE(sqs_.seen().empty());
}

// The policy of the stack is held equal to this list (infrastructure/test/least-privilege.test.ts).
TEST_F(TasksFunctionTest, WhatTheFunctionMayDoIsEnough) {
  ASSERT_EQ(post(task).status, 201);
  EXPECT_EQ(function_->calls().grants(), (std::set<aws::Grant>{{"sqs:SendMessage", "hoist-tasks.fifo"}}));
}

TEST(TasksFunctionSettings, NameTheQueue) {
  auto const refused = tasks_function_settings({{"HOIST_FUNCTION", "tasks-api"}}, {});
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().detail().contains("HOIST_TASKS_QUEUE_URL"));
  auto settings = tasks_function_settings({{"HOIST_TASKS_QUEUE_URL", "no-address"}}, {{"AWS_REGION", "x"}});
  ASSERT_TRUE(settings);
  EXPECT_EQ(TasksFunction::open(*settings).error().code(), Code::invalid);
  settings->queue_url = queue_url;
  settings->aws.clear();
  EXPECT_TRUE(TasksFunction::open(*settings).error().detail().contains("AWS_REGION"));
}

TEST(OpenFunction, SaysWhichFunctionsThereAre) {
  for (auto const& environment : {FunctionEnvironment{}, FunctionEnvironment{{"HOIST_FUNCTION", "tasks"}}}) {
    auto const refused = open_function(environment);
    ASSERT_FALSE(refused);
    for (auto const* name : function_names) EXPECT_TRUE(refused.error().detail().contains(name)) << name;
  }
  EXPECT_TRUE(
      open_function({{"HOIST_FUNCTION", "events-api"}}).error().detail().contains("HOIST_SERVER_ENGINE"));
  EXPECT_TRUE(
      open_function({{"HOIST_FUNCTION", "tasks-api"}}).error().detail().contains("HOIST_TASKS_QUEUE_URL"));
}

}  // namespace
}  // namespace hoist::hosts
