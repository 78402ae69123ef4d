// The binary as Lambda starts it, black box: invocations by a double of the Runtime API, the variables of
// sam/template.yaml, details in a stand-in of DynamoDB.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <unistd.h>

#include "aws/client/json_caller.hpp"
#include "support/function_events.hpp"
#include "support/queue_events.hpp"
#include "support/runtime_double.hpp"
#include "support/stand_in.hpp"

namespace hoist {
namespace {

using namespace std::chrono_literals;
using testing::AskedOfFunction;
using testing::RuntimeDouble;
using testing::StandIn;

constexpr auto table = "hoist-events-details";
constexpr auto event_id = "0190a000-0000-7000-8000-000000000001";

class Bootstrap : public ::testing::Test {
 protected:
  ~Bootstrap() override { std::filesystem::remove_all(data_); }

  // Runs the binary without arguments until it ends; its status.
  int run(RuntimeDouble const& runtime, std::vector<std::string> more) {
    auto command =
        std::vector<std::string>{"/usr/bin/env",
                                 "AWS_LAMBDA_RUNTIME_API=" + runtime.api(),
                                 "AWS_REGION=eu-west-1",
                                 "AWS_ACCESS_KEY_ID=AKIDTEST",
                                 "AWS_SECRET_ACCESS_KEY=test",
                                 "HOIST_LOG_FORMAT=json",
                                 "HOIST_EVENTS_INDEX_HOST=index.internal",
                                 "HOIST_EVENTS_INDEX_PORT=1433",
                                 "HOIST_EVENTS_INDEX_SECRET=arn:aws:secretsmanager:eu-west-1:1:secret:x",
                                 std::string{"HOIST_EVENTS_DETAILS_TABLE="} + table,
                                 "HOIST_SERVER_CORS_ORIGINS=https://events.example",
                                 "HOIST_SERVER_DATA=" + data_};
    command.insert(command.end(), more.begin(), more.end());
    command.emplace_back(HOIST_BINARY);
    auto process = Process::start({.command = std::move(command)});
    if (!process) return -1;
    auto const status = process->wait(std::chrono::minutes{1});
    EXPECT_TRUE(status) << "it does not end";
    return status && WIFEXITED(*status) ? WEXITSTATUS(*status) : -1;
  }
  static RuntimeDouble::Event invocation(std::string id, AskedOfFunction asked) {
    asked.headers.emplace_back("Host", "api.example");
    asked.headers.emplace_back("Content-Type", "application/json");
    asked.gateway_key = "k1";
    return {.id = std::move(id),
            .body = json::serialize(testing::rest_event(asked)),
            .lasts = std::chrono::seconds{20}};
  }
  static RuntimeDouble::Event add_task(std::string id, std::string body, net::Headers const& headers = {}) {
    auto asked = AskedOfFunction{.method = "POST", .path = "/tasks", .body = std::move(body)};
    for (auto const& [name, value] : headers.all()) asked.headers.emplace_back(name, value);
    return invocation(std::move(id), std::move(asked));
  }
  static RuntimeDouble::Event record(std::string id) {
    auto const body = json::object{{"eventId", event_id},
                                   {"userId", "ana"},
                                   {"eventType", "login"},
                                   {"timestamp", "2026-11-20T18:25:43Z"},
                                   {"details", {{"from", {{"city", "Bogotá"}}}}}};
    return invocation(std::move(id), {.method = "POST", .path = "/events", .body = json::serialize(body)});
  }
  static RuntimeDouble::Event list(std::string id) {
    return invocation(std::move(id), {.path = "/events/ana"});
  }
  // What the function answered to that invocation.
  static net::WholeAnswer answer(RuntimeDouble const& runtime, std::string const& id) {
    for (auto const& told : runtime.told())
      if (auto const mark = id + " response: "; told.starts_with(mark))
        return testing::seen_by_client(parse_json(told.substr(mark.size()))->as_object());
    ADD_FAILURE() << id << " was not answered";
    return {};
  }

  std::string data_ = ::testing::TempDir() + "/hoist-bootstrap-" + std::to_string(::getpid());
};

// A stand-in's services, as their operator.
class Services {
 public:
  explicit Services(std::string const& url)
      : account_{{{"AWS_ENDPOINT_URL", url},
                  {"AWS_ACCESS_KEY_ID", "AKIDTEST"},
                  {"AWS_SECRET_ACCESS_KEY", "test"},
                  {"AWS_REGION", "eu-west-1"}},
                 clock_,
                 metrics_} {}
  Result<json::object> call(std::string service, std::string target, std::string action, json::object input) {
    auto const caller = *aws::JsonCaller::open({std::move(service), std::move(target)}, account_);
    return run_to_end<json::object>(
        [&] { return caller->call(action, input, "it", deadline_in(std::chrono::seconds{30})); });
  }

 private:
  SystemClock clock_;
  Metrics metrics_;
  aws::Account account_;
};

json::object read_definition(std::string const& name) {
  auto file = std::ifstream{HOIST_SOURCE_DIR "/deploy/" + name};
  return parse_json(std::string{std::istreambuf_iterator<char>{file}, {}})->as_object();
}

json::object table_definition() {
  auto definition = read_definition("event_details_table.json");
  definition["TableName"] = table;
  return definition;
}

TEST_F(Bootstrap, ServesTheBriefsApiWithDetailsInDynamoDb) {
  auto const program = testing::find_stand_in(testing::ministack);
  if (!program) GTEST_SKIP() << "ministack is not installed; tools/stand-ins.sh installs it";
  auto const tables = StandIn::start(testing::ministack, *program);
  ASSERT_TRUE(tables);
  auto const endpoint = "AWS_ENDPOINT_URL=" + tables->url();
  auto aws = Services{tables->url()};
  auto const call = [&](std::string action, json::object input) {
    return aws.call("dynamodb", "DynamoDB_20120810", std::move(action), std::move(input));
  };
  ASSERT_TRUE(call("CreateTable", table_definition()));

  auto const runtime = RuntimeDouble{{record("1"), record("2"), list("3")}};
  EXPECT_NE(run(runtime, {"HOIST_FUNCTION=events-api", "HOIST_SERVER_ENGINE=memory", endpoint}), 0)
      << "the double ends it by a 500";
  EXPECT_EQ(answer(runtime, "1").status, 201) << answer(runtime, "1").body;
  EXPECT_TRUE(answer(runtime, "1").body.contains(R"("detailsStatus":"stored")"));
  EXPECT_EQ(answer(runtime, "2").status, 200) << "the same event again";
  auto const listed = parse_json(answer(runtime, "3").body)->at("events").as_array();
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].at("details").at("from").at("city"), "Bogotá");

  auto const stored = call("Scan", {{"TableName", table}});
  ASSERT_TRUE(stored);
  ASSERT_EQ(stored->at("Items").as_array().size(), 1U);
  EXPECT_EQ(stored->at("Items").at(0).at("eventId").at("S"), event_id);
}

TEST_F(Bootstrap, TakesTasksIntoAQueueOfSqs) {
  auto const program = testing::find_stand_in(testing::ministack);
  if (!program) GTEST_SKIP() << "ministack is not installed; tools/stand-ins.sh installs it";
  auto const server = StandIn::start(testing::ministack, *program);
  ASSERT_TRUE(server);
  auto aws = Services{server->url()};
  auto const queue = aws.call("sqs", "AmazonSQS", "CreateQueue",
                              {{"QueueName", "tasks.fifo"}, {"Attributes", {{"FifoQueue", "true"}}}});
  ASSERT_TRUE(queue) << queue.error().to_string();
  auto const url = std::string{queue->at("QueueUrl").as_string()};

  auto key = net::Headers{};
  key.set("Idempotency-Key", "k1");
  auto const slab = R"({"title":"Pour the slab \uFFFF","description":"Axis B","priority":"high"})";
  auto const runtime =
      RuntimeDouble{{add_task("1", slab, key), add_task("2", slab, key),
                     add_task("3", R"({"title":"Cure it","description":"","priority":"low"})"),
                     add_task("4", R"({"title":""})"), list("5")}};
  run(runtime,
      {"HOIST_FUNCTION=tasks-api", "HOIST_TASKS_QUEUE_URL=" + url, "AWS_ENDPOINT_URL=" + server->url()});
  EXPECT_EQ(answer(runtime, "1").status, 201) << answer(runtime, "1").body;
  EXPECT_EQ(answer(runtime, "2").body, answer(runtime, "1").body);
  EXPECT_EQ(answer(runtime, "3").status, 201);
  EXPECT_EQ(answer(runtime, "4").status, 400);
  EXPECT_EQ(answer(runtime, "5").status, 404) << "it is no function of events";

  auto const got =
      aws.call("sqs", "AmazonSQS", "ReceiveMessage", {{"QueueUrl", url}, {"MaxNumberOfMessages", 10}});
  ASSERT_TRUE(got);
  auto titles = std::vector<std::string>{};
  for (auto const& message : got->at("Messages").as_array())
    titles.emplace_back(parse_json(message.at("Body").as_string())->at("task").at("title").as_string());
  EXPECT_EQ(titles, (std::vector<std::string>{"Pour the slab \xEF\xBF\xBF", "Cure it"}));
}

// The effect is recorded, and the process ends before Lambda has its answer: so Lambda hands the message over
// again, to another process.
TEST_F(Bootstrap, ATaskWhoseProcessorEndsBeforeItsAnswerIsNotDoneTwice) {
  auto const program = testing::find_stand_in(testing::ministack);
  if (!program) GTEST_SKIP() << "ministack is not installed; tools/stand-ins.sh installs it";
  auto const server = StandIn::start(testing::ministack, *program);
  ASSERT_TRUE(server);
  auto aws = Services{server->url()};
  auto definition = read_definition("task_effects_table.json");
  definition["TableName"] = "effects";
  ASSERT_TRUE(aws.call("dynamodb", "DynamoDB_20120810", "CreateTable", definition));
  auto const receiver = testing::HttpDouble{[](net::Request const&) { return net::text_response(200, ""); }};

  auto const task = json::object{{"task_id", event_id},
                                 {"tenant", "main"},
                                 {"group", "default"},
                                 {"accepted_at", "2026-11-21T00:00:00Z"},
                                 {"task", {{"title", "Pour the slab"}}}};
  auto const batch = json::serialize(testing::queue_event({{.id = "m", .body = json::serialize(task)}}));
  auto const more = std::vector<std::string>{"HOIST_FUNCTION=tasks-processor",
                                             "HOIST_TASKS_QUEUE_URL=" + server->url() + "/1/tasks.fifo",
                                             "HOIST_TASKS_EFFECTS_TABLE=effects",
                                             "HOIST_TASKS_HANDLER=webhook",
                                             "HOIST_TASKS_WEBHOOK_URL=" + receiver.url() + "/hook",
                                             "HOIST_TASKS_WEBHOOK_ALLOW_PRIVATE=true",
                                             "AWS_ENDPOINT_URL=" + server->url()};
  auto const first = RuntimeDouble{{{.id = "1", .body = batch, .lasts = 20s, .answer_status = 500}}};
  EXPECT_NE(run(first, more), 0);
  auto const second = RuntimeDouble{{{.id = "2", .body = batch, .lasts = 20s}}};
  run(second, more);
  ASSERT_EQ(second.told().size(), 1U);
  EXPECT_EQ(second.told()[0], R"(2 response: {"batchItemFailures":[]})");
  EXPECT_EQ(receiver.seen().size(), 1U);
  EXPECT_EQ(receiver.seen()[0].headers.get("webhook-id"), event_id);
}

TEST_F(Bootstrap, RecordsWhileTheTableIsAway) {
  auto const runtime = RuntimeDouble{{record("1"), list("2")}};
  run(runtime,
      {"HOIST_FUNCTION=events-api", "HOIST_SERVER_ENGINE=memory", "AWS_ENDPOINT_URL=http://127.0.0.1:1"});
  EXPECT_EQ(answer(runtime, "1").status, 201);
  EXPECT_TRUE(answer(runtime, "1").body.contains(R"("detailsStatus":"pending")"));
  EXPECT_TRUE(answer(runtime, "2").body.contains(R"({"status":"pending"})"));
}

TEST_F(Bootstrap, TellsWhyItDoesNotStart) {
  auto const runtime = RuntimeDouble{{record("1")}};
  EXPECT_EQ(run(runtime, {"HOIST_FUNCTION=events-api"}), 1);
  ASSERT_EQ(runtime.told().size(), 1U);
  EXPECT_TRUE(runtime.told()[0].starts_with("init error: "));
  EXPECT_TRUE(runtime.told()[0].contains("HOIST_EVENTS_INDEX_HOST"));
}

}  // namespace
}  // namespace hoist
