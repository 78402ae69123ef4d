// The processor of tasks as Lambda hands it messages, with doubles of SQS, DynamoDB and a receiver.
#include "hosts/processor_function.hpp"

#include <gtest/gtest.h>

#include "base/id.hpp"
#include "support/function_events.hpp"
#include "support/http_double.hpp"
#include "support/queue_events.hpp"

namespace hoist::hosts {
namespace {

using testing::HandedToFunction;

constexpr auto queue_url = "https://sqs.eu-west-1.amazonaws.com/123456789012/hoist-tasks.fifo";

class ProcessorFunctionTest : public ::testing::Test {
 protected:
  ProcessorFunctionTest() { open({}); }

  FunctionEnvironment environment(FunctionEnvironment more) {
    more.insert({{"HOIST_FUNCTION", "tasks-processor"},
                 {"HOIST_TASKS_QUEUE_URL", queue_url},
                 {"HOIST_TASKS_EFFECTS_TABLE", "effects"}});
    return more;
  }
  void open(FunctionEnvironment more) {
    auto settings = processor_function_settings(environment(std::move(more)),
                                                {{"AWS_ENDPOINT_URL_SQS", sqs_.url()},
                                                 {"AWS_ENDPOINT_URL_DYNAMODB", dynamodb_.url()},
                                                 {"AWS_ACCESS_KEY_ID", "AKIDTEST"},
                                                 {"AWS_SECRET_ACCESS_KEY", "test"},
                                                 {"AWS_REGION", "eu-west-1"}});
    ASSERT_TRUE(settings) << settings.error().to_string();
    auto opened = ProcessorFunction::open(*settings);
    ASSERT_TRUE(opened) << opened.error().to_string();
    function_.reset(dynamic_cast<ProcessorFunction*>(opened->release()));
  }
  Result<std::string> invoke(json::object const& event) {
    return run_to_end<std::string>([&] {
      return function_->invoke({"1", "", deadline_in(std::chrono::seconds{20}), json::serialize(event)});
    });
  }
  static HandedToFunction task(std::string id, std::string group = "one") {
    auto const queued = tasks::QueuedTask{.id = TaskId{new_uuid7(SystemClock{}.now())},
                                          .tenant = TenantId{"main"},
                                          .group = group,
                                          .accepted_at = SystemClock{}.now(),
                                          .body = R"({"title":")" + id + "\"}"};
    return {.id = std::move(id), .group = std::move(group), .body = tasks::write_queued_task(queued)};
  }
  static net::Response dynamodb_answer(std::set<std::string>& items, net::Request const& request) {
    auto const input = parse_json(request.body)->as_object();
    auto const puts = request.headers.get("X-Amz-Target").ends_with("PutItem");
    auto const& key = input.at(puts ? "Item" : "Key").at("effect_key").at("S").as_string();
    if (!puts)
      return net::json_text_response(200, items.contains(std::string{key}) ? R"({"Item":{}})" : "{}");
    if (items.insert(std::string{key}).second) return net::json_text_response(200, "{}");
    return net::json_text_response(400, R"({"__type":"x#ConditionalCheckFailedException"})");
  }

  Mutex mutex_;
  std::set<std::string> effects_ HOIST_GUARDED_BY(mutex_);
  testing::HttpDouble sqs_{[](net::Request const&) {
    return net::json_text_response(200, R"({"Successful":[{"Id":"0"},{"Id":"1"}]})");
  }};
  testing::HttpDouble dynamodb_{[this](net::Request const& request) {
    auto const lock = Lock{mutex_};
    return dynamodb_answer(effects_, request);
  }};
  testing::HttpDouble receiver_{[](net::Request const& request) {
    return net::json_text_response(request.body.contains("poison") ? 500 : 200, "{}");
  }};
  std::unique_ptr<ProcessorFunction> function_;
};

TEST_F(ProcessorFunctionTest, RecordsTheEffectsOfABatch) {
  auto const batch = testing::queue_event({task("a"), task("b"), task("x", "other")});
  EXPECT_EQ(invoke(batch), R"({"batchItemFailures":[]})");
  EXPECT_EQ(invoke(batch), R"({"batchItemFailures":[]})") << "a repeat";
  auto const lock = Lock{mutex_};
  EXPECT_EQ(effects_.size(), 3U);
}

TEST_F(ProcessorFunctionTest, HandsTasksToAReceiverAndGivesBackWhatFailsWithWhatStandsBehind) {
  open({{"HOIST_TASKS_HANDLER", "webhook"},
        {"HOIST_TASKS_WEBHOOK_URL", receiver_.url() + "/hook"},
        {"HOIST_TASKS_WEBHOOK_ALLOW_PRIVATE", "true"},
        {"HOIST_TASKS_RETRY_FIRST_MS", "4000"}});
  auto const batch = testing::queue_event({task("a"), task("poison"), task("x", "other"), task("c")});
  EXPECT_EQ(invoke(batch), R"({"batchItemFailures":[{"itemIdentifier":"poison"},{"itemIdentifier":"c"}]})");
  ASSERT_EQ(receiver_.seen().size(), 3U);
  auto const data = parse_json(receiver_.seen()[0].body)->at("data").as_object();
  EXPECT_EQ(data.at("title"), "a");
  EXPECT_EQ(receiver_.seen()[0].headers.get("webhook-id"), data.at("task_id").as_string());
  EXPECT_FALSE(data.contains("sequence")) << "the queue's numbers have too many digits for one";
  ASSERT_EQ(sqs_.seen().size(), 1U);
  auto const entries = parse_json(sqs_.seen()[0].body)->at("Entries").as_array();
  EXPECT_EQ(entries.at(0).at("ReceiptHandle"), "handle of poison");
  EXPECT_GE(entries.at(0).at("VisibilityTimeout").as_int64(), 4);
  EXPECT_LE(entries.at(0).at("VisibilityTimeout").as_int64(), 5) << "4 s and a fifth, in whole seconds";
}

TEST_F(ProcessorFunctionTest, NoHttpRequestIsAMessage) {
  auto const smuggled = json::serialize(testing::queue_event({task("a")}));
  auto const asked =
      testing::AskedOfFunction{.method = "POST", .path = "/", .body = smuggled, .gateway_key = "k1"};
  for (auto const& [name, event] : testing::all_shapes(asked)) {
    auto const answer = invoke(event);
    ASSERT_FALSE(answer) << name;
    EXPECT_EQ(answer.error().code(), Code::invalid);
  }
  EXPECT_TRUE(dynamodb_.seen().empty());
}

// The policy of the stack is held equal to this list (infrastructure/test/least-privilege.test.ts), but for
// what Lambda itself calls to poll the queue.
TEST_F(ProcessorFunctionTest, WhatTheFunctionMayDoIsEnough) {
  open({{"HOIST_TASKS_HANDLER", "webhook"},
        {"HOIST_TASKS_WEBHOOK_URL", receiver_.url() + "/hook"},
        {"HOIST_TASKS_WEBHOOK_ALLOW_PRIVATE", "true"}});
  ASSERT_TRUE(invoke(testing::queue_event({task("a"), task("poison")})));
  EXPECT_EQ(function_->calls().grants(),
            (std::set<aws::Grant>{{"dynamodb:GetItem", "table/effects"},
                                  {"dynamodb:PutItem", "table/effects"},
                                  {"sqs:ChangeMessageVisibility", "hoist-tasks.fifo"}}));
}

TEST_F(ProcessorFunctionTest, SaysWhatItNeeds) {
  auto const said = [&](FunctionEnvironment more, std::string const& without = {}) {
    auto all = environment(std::move(more));
    all.erase(without);
    auto settings = processor_function_settings(all, {{"AWS_REGION", "eu-west-1"}});
    if (!settings) return settings.error().detail();
    return ProcessorFunction::open(*settings).error().detail();
  };
  EXPECT_TRUE(said({}, "HOIST_TASKS_QUEUE_URL").contains("HOIST_TASKS_QUEUE_URL"));
  EXPECT_TRUE(said({}, "HOIST_TASKS_EFFECTS_TABLE").contains("HOIST_TASKS_EFFECTS_TABLE"));
  EXPECT_TRUE(said({{"HOIST_TASKS_HANDLER", "command"}, {"HOIST_TASKS_COMMAND", "/bin/true"}})
                  .contains("record or webhook"));
  EXPECT_TRUE(said({{"HOIST_TASKS_HANDLER", "webhook"}}).contains("tasks.webhook_url"));
}

}  // namespace
}  // namespace hoist::hosts
