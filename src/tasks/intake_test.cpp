// POST /tasks without a database, beside that of a server.
#include "tasks/intake.hpp"

#include <regex>

#include "base/id.hpp"
#include "support/ordered_queue.hpp"
#include "tasks/testing.hpp"

namespace hoist::tasks {
namespace {

// `call` reaches the intake; `ask_server` the routes of a server.
class IntakeTest : public TaskFixture {
 protected:
  IntakeTest() {
    server_ = std::move(router);
    router = std::make_unique<net::Router>(net::Router::Options{}, gate, metrics);
    add_intake_route(*router, intake_);
  }
  net::Response ask_server(std::string method, std::string target, std::string body, net::Headers headers) {
    std::swap(router, server_);
    auto answer = call(std::move(method), std::move(target), std::move(body), std::move(headers));
    std::swap(router, server_);
    return answer;
  }
  QueuedTask queued(std::size_t i) { return *read_queued_task(queue_.sent().at(i).body); }

  hoist::testing::OrderedQueue queue_;
  Intake intake_{queue_, clock, metrics};
  std::unique_ptr<net::Router> server_;
};

constexpr auto slab = R"({"title":" Pour the slab ","description":"Axis B","priority":"high",
                          "due_date":"2020-01-01","group":"site-7"})";

TEST_F(IntakeTest, ATaskIsOneMessageOfItsGroupWithAllThatItsProcessorNeeds) {
  auto const answer = ok(201, "POST", "/tasks", slab);
  auto const sent = queue_.sent();
  ASSERT_EQ(sent.size(), 1U);
  EXPECT_EQ(sent[0].group, "site-7");
  EXPECT_EQ(sent[0].key, text_at(answer, "task_id"));
  auto const task = queued(0);
  EXPECT_EQ(task.id.str(), text_at(answer, "task_id"));
  EXPECT_EQ(task.tenant.str(), "acme");
  EXPECT_EQ(task.group, "site-7");
  EXPECT_EQ(task.accepted_at, clock.now());
  auto const body = *parse_json(task.body);
  EXPECT_EQ(text_at(body, "title"), "Pour the slab");
  EXPECT_EQ(text_at(body, "due_date"), "2020-01-01T00:00:00.000000Z");
  EXPECT_EQ(text_at(body, "created_by"), "tester");
  EXPECT_EQ(trace_of(task.body), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");

  EXPECT_EQ(text_at(answer, "message"), "Task created successfully");
  EXPECT_EQ(text_at(answer, "durable"), "queue");
  EXPECT_EQ(text_at(answer, "queue_sequence"), "1000");
  EXPECT_EQ(answer.at("overdue"), true);
}

TEST_F(IntakeTest, WhatAServerRefusesIsRefusedInTheSameWords) {
  auto const none = net::Headers{};
  auto const many = std::string(201, 'x');
  auto const compare = [&](std::string method, std::string target, std::string body, net::Headers headers) {
    auto const expected = ask_server(method, target, body, headers);
    auto const answer = call(method, target, body, headers);
    EXPECT_GE(expected.status, 400);
    EXPECT_EQ(answer.status, expected.status) << body;
    EXPECT_EQ(answer.body, expected.body) << body;
  };
  for (auto const& body :
       {std::string{"{}"}, std::string{"[]"}, std::string{"{"}, std::string{},
        std::string{
            R"({"title":"","description":1,"priority":"urgent","due_date":"soon","group":"a b","x":1})"},
        std::string{R"({"title":"a","title":"b","description":"","priority":"low"})"},
        std::string{"{\"title\":\"\xFF\",\"description\":\"\",\"priority\":\"low\"}"},
        R"({"title":")" + many + R"(","description":"","priority":"low"})"})
    compare("POST", "/tasks", body, none);
  compare("POST", "/tasks", slab, with("Content-Type", "text/plain"));
  compare("POST", "/tasks?x=1", slab, none);
  compare("POST", "/tasks", slab, with("x-test-role", "viewer"));
  compare("POST", "/tasks", slab, with("Idempotency-Key", std::string(300, 'k')));
  EXPECT_TRUE(queue_.sent().empty());
}

TEST_F(IntakeTest, OnlyPostIsThere) {
  for (auto const* method : {"GET", "PUT", "DELETE", "PATCH"}) {
    auto const answer = call(method, "/tasks");
    EXPECT_EQ(answer.status, 405) << method;
    EXPECT_TRUE(answer.headers.get("Allow").contains("POST"));
  }
  EXPECT_EQ(call("POST", "/tasks/batch", "{}").status, 404);
}

TEST_F(IntakeTest, ARepeatUnderItsKeyIsTheSameTask) {
  auto const key = with("Idempotency-Key", "monday-1");
  auto const first = call("POST", "/tasks", slab, key);
  clock.advance(48h);
  auto const repeat = call("POST", "/tasks", slab, key);
  EXPECT_EQ(repeat.body, first.body);
  EXPECT_EQ(queue_.sent().size(), 1U);
  EXPECT_TRUE(is_uuid(queued(0).id.str()));
}

TEST_F(IntakeTest, AnotherBodyCallerOrKeyIsAnotherTask) {
  auto ids = std::set<std::string>{};
  auto const add = [&](std::string body, net::Headers headers) {
    ids.insert(text_at(ok(201, "POST", "/tasks", std::move(body), std::move(headers)), "task_id"));
  };
  auto const key = with("Idempotency-Key", "k");
  auto of_other_user = key;
  of_other_user.set("x-test-user", "eva");
  auto of_other_tenant = key;
  of_other_tenant.set("x-test-tenant", "umbrella");
  add(slab, key);
  add(slab, of_other_user);
  add(slab, of_other_tenant);
  add(slab, with("Idempotency-Key", "k2"));
  add(R"({"title":"x","description":"","priority":"low"})", key);
  add(slab, {});
  add(slab, {});
  EXPECT_EQ(ids.size(), 7U);
  EXPECT_EQ(queue_.sent().size(), 7U) << "an accepted task is never dropped as somebody else's repeat";
}

TEST_F(IntakeTest, AQueueThatDoesNotTakeItIsNeverTheCallersDoing) {
  for (auto const code : {Code::invalid, Code::forbidden, Code::throttled, Code::not_found, Code::unavailable,
                          Code::timeout, Code::too_large}) {
    queue_.fail_with(Error{code, "of the queue's own"});
    auto const answer = call("POST", "/tasks", slab);
    EXPECT_EQ(answer.status, 503);
    EXPECT_EQ(answer.headers.get("Retry-After"), "1");
    EXPECT_FALSE(answer.body.contains("of the queue's own"));
  }
}

TEST(QueuedTask, ComesBackAsItWentWhateverIsInIt) {
  auto task =
      NewTask{.title = "ñ \" \\ 🙂 \xEF\xBF\xBF", .description = "a\tb\n\xEF\xBF\xBE", .priority = "low"};
  auto const user = UserId{"ana"};
  auto const queued = QueuedTask{.id = TaskId{new_uuid7(from_us(1))},
                                 .tenant = TenantId{"ten\"ant"},
                                 .group = "g",
                                 .accepted_at = from_us(1'763'700'000'123'456),
                                 .body = message_body(task, {user, "", ""})};
  auto const written = write_queued_task(queued);
  EXPECT_FALSE(written.contains("\xEF\xBF\xBE") || written.contains("\xEF\xBF\xBF"));
  auto const read = read_queued_task(written);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(read->id, queued.id);
  EXPECT_EQ(read->tenant, queued.tenant);
  EXPECT_EQ(read->group, queued.group);
  EXPECT_EQ(read->accepted_at, queued.accepted_at);
  EXPECT_EQ(read->body, queued.body);
}

TEST(QueuedTask, AnythingElseIsRefused) {
  for (auto const* message :
       {"", "[]", "{}", "not json", R"({"task_id":"x","tenant":"t","group":"g","task":{}})",
        R"({"task_id":"01932f6e-5b3c-7c1a-9a53-5f0f6a4a1c11","tenant":"t","group":"g","task":"text"})"})
    EXPECT_EQ(read_queued_task(message).error().code(), Code::invalid) << message;
}

}  // namespace
}  // namespace hoist::tasks
