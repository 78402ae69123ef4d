#include "tasks/testing.hpp"

namespace hoist::tasks {
namespace {

class TaskRoutes : public TaskFixture {
 protected:
  std::vector<std::string> wrong_fields(std::string body) {
    auto fields = std::vector<std::string>{};
    auto const answer = ok(400, "POST", "/tasks", std::move(body));
    for (auto const& error : answer.at("errors").as_array()) fields.push_back(text_at(error, "field"));
    return fields;
  }
};

constexpr auto plain = R"({"title":"Pour the slab","description":"Axis B","priority":"high"})";

TEST_F(TaskRoutes, ATaskIsAcceptedWithItsPlaceInTheOrder) {
  auto const response = call("POST", "/tasks", plain);
  ASSERT_EQ(response.status, 201) << response.body;
  auto const body = *parse_json(response.body);
  EXPECT_EQ(body.at("message"), "Task created successfully");
  EXPECT_EQ(body.at("sequence"), 1);
  EXPECT_EQ(body.at("group"), "default");
  EXPECT_EQ(body.at("durable"), "fsync");
  EXPECT_EQ(response.headers.get("Location"), "/tasks/" + text_at(body, "task_id"));
  EXPECT_TRUE(is_uuid(text_at(body, "task_id")));
  EXPECT_EQ(ok(201, "POST", "/api/tasks", plain).at("sequence"), 2);
}

TEST_F(TaskRoutes, EveryWrongFieldIsNamedAtOnce) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(wrong_fields("{}"), (Names{"title", "description", "priority"}));
  EXPECT_EQ(wrong_fields(R"({"title":7,"description":[],"priority":"urgent","due_date":"tomorrow",)"
                         R"("group":"a/b","status":"done","tenant_id":"x"})"),
            (Names{"title", "description", "priority", "due_date", "group", "status", "tenant_id"}));
  EXPECT_EQ(wrong_fields(R"({"title":"   ","description":"","priority":"low"})"), (Names{"title"}));
  EXPECT_EQ(wrong_fields(R"({"title":"a","description":"","priority":"low","due_date":"2026-01-32"})"),
            (Names{"due_date"}));
}

TEST_F(TaskRoutes, LengthsAreCountedInCharactersOfAnyLanguage) {
  auto const body = [](std::string const& title, std::string const& description) {
    return json::serialize(json::object{{"title", title}, {"description", description}, {"priority", "low"}});
  };
  auto many = [](std::string_view text, int times) {
    auto out = std::string{};
    for (auto i = 0; i < times; ++i) out += text;
    return out;
  };
  ok(201, "POST", "/tasks", body(many("ñ", 200), many("漢", 10'000)));
  EXPECT_EQ(wrong_fields(body(many("ñ", 201), many("漢", 10'001))),
            (std::vector<std::string>{"title", "description"}));
}

TEST_F(TaskRoutes, ControlCharactersAreRefusedAndTextIsTrimmed) {
  EXPECT_EQ(wrong_fields(R"({"title":"a\u0000b","description":"\u001b[2J","priority":"low"})"),
            (std::vector<std::string>{"title", "description"}));
  EXPECT_EQ(wrong_fields(R"({"title":"a\nb","description":"","priority":"low"})"),
            (std::vector<std::string>{"title"}));
  auto const made = ok(201, "POST", "/tasks",
                       R"({"title":"  cal y canto ","description":" one\n\ttwo ","priority":"low"})");
  auto const shown = task(text_at(made, "task_id"));
  EXPECT_EQ(shown.at("title"), "cal y canto");
  EXPECT_EQ(shown.at("description"), "one\n\ttwo");
}

TEST_F(TaskRoutes, ADueDateIsNormalisedAndAPastOneIsFlagged) {
  clock.set(*parse_rfc3339("2026-11-20T12:00:00Z"));
  auto const past =
      ok(201, "POST", "/tasks",
         R"({"title":"a","description":"","priority":"low","due_date":"2026-11-20T06:30:00-05:00"})");
  EXPECT_EQ(past.at("due_date"), "2026-11-20T11:30:00.000000Z");
  EXPECT_EQ(past.at("overdue"), true);
  auto const day =
      ok(201, "POST", "/tasks", R"({"title":"a","description":"","priority":"low","due_date":"2026-11-21"})");
  EXPECT_EQ(day.at("due_date"), "2026-11-21T00:00:00.000000Z");  // without an offset it is UTC
  auto const later =
      ok(201, "POST", "/tasks",
         R"({"title":"a","description":"","priority":"low","due_date":"2026-11-20T12:30:00Z"})");
  EXPECT_EQ(later.at("overdue"), false);
  clock.advance(3600s);
  EXPECT_EQ(task(text_at(later, "task_id")).at("overdue"), true);
}

TEST_F(TaskRoutes, BodiesThatAreNoSmallJsonObjectAreRefused) {
  EXPECT_EQ(call("POST", "/tasks", "[]").status, 400);
  EXPECT_EQ(call("POST", "/tasks", R"({"title":"a","title":"b","description":"","priority":"low"})").status,
            400);
  EXPECT_EQ(call("POST", "/tasks", plain, with("Content-Type", "text/plain")).status, 415);
}

TEST_F(TaskRoutes, OtherMethodsAreToldWhichOnesThereAre) {
  for (auto const* const method : {"PUT", "PATCH", "DELETE"}) {
    auto const response = call(method, "/tasks", plain);
    EXPECT_EQ(response.status, 405);
    auto const allow = response.headers.get("Allow");
    EXPECT_NE(allow.find("POST"), allow.npos);
    EXPECT_NE(allow.find("GET"), allow.npos);
  }
}

TEST_F(TaskRoutes, AnIdempotencyKeyGivesTheFirstAnswerAgain) {
  auto const key = with("Idempotency-Key", "order-66");
  auto const first = call("POST", "/tasks", plain, key);
  auto const again = call("POST", "/tasks", plain, key);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(again.headers.get("Location"), first.headers.get("Location"));
  auto const other = call("POST", "/tasks", R"({"title":"b","description":"","priority":"low"})", key);
  EXPECT_EQ(other.status, 422);
  EXPECT_NE(other.body.find("idempotency_key_reused"), other.body.npos);
  EXPECT_EQ(ok(200, "GET", "/tasks").at("tasks").as_array().size(), 1U);
}

TEST_F(TaskRoutes, AnIdempotencyKeyGivesTheFirstAnswerToABatchAgain) {
  auto const key = with("Idempotency-Key", "order-67");
  auto const batch = std::string{R"({"tasks":[{"title":"a","description":"","priority":"low","group":"a"},)"
                                 R"({"title":"","description":"","priority":"low","group":"b"},)"
                                 R"({"title":"c","description":"","priority":"low","group":"c",)"
                                 R"("due_date":"2026-11-20T06:30:00Z"}]})"};
  auto const first = call("POST", "/tasks/batch", batch, key);
  EXPECT_EQ(first.status, 201);
  clock.advance(3600s);
  auto const again = call("POST", "/tasks/batch", batch, key);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(ok(200, "GET", "/tasks").at("tasks").as_array().size(), 2U);
}

TEST_F(TaskRoutes, ABatchIsAllOrNothingForEachGroup) {
  auto const answer = ok(201, "POST", "/tasks/batch",
                         R"({"tasks":[{"title":"a1","description":"","priority":"low","group":"a"},)"
                         R"({"title":"b1","description":"","priority":"low","group":"b"},)"
                         R"({"title":"","description":"","priority":"low","group":"a"},)"
                         R"({"title":"b2","description":"","priority":"low","group":"b"}]})");
  EXPECT_EQ(answer.at("created"), 2);
  EXPECT_EQ(answer.at("refused"), 2);
  auto const& items = answer.at("items").as_array();
  EXPECT_EQ(items[0].at("error").at("code"), "group_refused");
  EXPECT_EQ(items[1].at("sequence"), 1);
  EXPECT_EQ(items[2].at("error").at("errors").at(0).at("field"), "tasks[2].title");
  EXPECT_EQ(items[3].at("sequence"), 2);
  EXPECT_EQ(call("GET", "/groups/a").status, 404);
}

TEST_F(TaskRoutes, ABatchWithATaskOfNoKnownGroupIsRefusedWhole) {
  for (std::string const group : {R"("/")", "null", "7", R"("")"}) {
    auto const answer =
        ok(400, "POST", "/tasks/batch",
           R"({"tasks":[{"title":"a","description":"","priority":"low"},{"group":)" + group + "}]}");
    EXPECT_EQ(answer.at("created"), 0) << group;
  }
  EXPECT_TRUE(ok(200, "GET", "/tasks").at("tasks").as_array().empty());
}

TEST_F(TaskRoutes, ABatchHoldsAThousandTasksAndNotOneMore) {
  auto const batch = [](int count) {
    auto body = std::string{R"({"tasks":[)"};
    for (auto i = 0; i < count; ++i) body += std::string{i > 0 ? "," : ""} + plain;
    return body + "]}";
  };
  EXPECT_EQ(ok(201, "POST", "/tasks/batch", batch(1000)).at("created"), 1000);
  auto const refused = call("POST", "/tasks/batch", R"({"tasks":[{"title":7}]})");
  EXPECT_EQ(refused.headers.get("Content-Type"), "application/problem+json");
  EXPECT_EQ(json::parse(refused.body).at("code"), "invalid");
  EXPECT_EQ(call("POST", "/tasks/batch", batch(1001)).status, 400);
  EXPECT_EQ(call("POST", "/tasks/batch", R"({"tasks":[]})").status, 400);
}

TEST_F(TaskRoutes, ABatchWithAKeyIsAcceptedOnce) {
  auto const body = std::string{R"({"tasks":[)"} + plain + "]}";
  auto const key = with("Idempotency-Key", "batch-1");
  EXPECT_EQ(call("POST", "/tasks/batch", body, key).body, call("POST", "/tasks/batch", body, key).body);
  EXPECT_EQ(ok(200, "GET", "/tasks").at("tasks").as_array().size(), 1U);
}

TEST_F(TaskRoutes, TheListGoesOnWhereItStoppedAndTakesNoForeignCursor) {
  for (auto i = 0; i < 5; ++i) add("t" + std::to_string(i), i % 2 == 0 ? "even" : "odd");
  auto const first = ok(200, "GET", "/tasks?limit=3");
  EXPECT_EQ(first.at("tasks").at(0).at("title"), "t4");
  auto const cursor = text_at(first, "next_cursor");
  auto const second = ok(200, "GET", "/tasks?limit=3&cursor=" + cursor);
  EXPECT_EQ(second.at("tasks").as_array().size(), 2U);
  EXPECT_TRUE(second.at("next_cursor").is_null());
  EXPECT_EQ(call("GET", "/tasks?group=even&cursor=" + cursor).status, 400);
  EXPECT_EQ(call("GET", "/tasks?cursor=" + cursor, {}, with("x-test-tenant", "other")).status, 400);
  EXPECT_EQ(ok(200, "GET", "/tasks?group=even&status=waiting").at("tasks").as_array().size(), 3U);
  EXPECT_TRUE(ok(200, "GET", "/tasks?group=even&status=done").at("tasks").as_array().empty());
  EXPECT_EQ(call("GET", "/tasks?status=sleeping&color=red").status, 400);
}

TEST_F(TaskRoutes, AWaitingTaskSaysItsPositionAndWhatItWaitsFor) {
  auto const first = add("one");
  auto const second = add("two");
  EXPECT_EQ(task(first).at("position"), 1);
  EXPECT_TRUE(task(first).at("waits_for").is_null());
  auto const shown = task(second);
  EXPECT_EQ(shown.at("position"), 2);
  EXPECT_EQ(shown.at("waits_for").at("task_id"), json::value(first));
  EXPECT_EQ(shown.at("timeline").at(0).at("what"), "accepted");
}

// Counts what it passes on.
class CountingDatabase final : public sql::Database {
 public:
  explicit CountingDatabase(sql::Database& inner) : inner_{inner} {}
  void submit(Access access, Scope scope, Work work, Deadline deadline, Done done) override {
    ++transactions;
    inner_.submit(access, std::move(scope), std::move(work), deadline, std::move(done));
  }
  int transactions = 0;

 private:
  sql::Database& inner_;
};

TEST_F(TaskRoutes, WhatIsShownOfATaskAndOfItsGroupIsOfOneMoment) {
  add("one");
  auto const id = TaskId{add("two")};
  auto counting = CountingDatabase{*database};
  auto counted =
      Service{Ports{counting, queue->outbox(), queue->joint(), idempotency, audit, metrics}, Options{}};
  EXPECT_EQ(sync(counted.get(TenantId{"acme"}, id, soon())).value().ahead, 1);
  EXPECT_EQ(counting.transactions, 1);
  EXPECT_EQ(sync(counted.group(TenantId{"acme"}, default_group, soon())).value().line.depth, 2);
  EXPECT_EQ(counting.transactions, 2);
}

TEST_F(TaskRoutes, AGroupIsKnownByItsLastLinkWhenItsTasksAreForgotten) {
  auto const first = add("one");
  auto const chain = text_at(ok(200, "GET", "/tasks/" + first + "/proof"), "chain");
  process_until({}, [&] { return stored(first) == "done"; });
  auto const add_tenant = [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("INSERT INTO tenants (tenant, name, created_us) VALUES ('acme', 'Acme', 0)"));
    return {};
  };
  ASSERT_TRUE(hoist::testing::write_now(*database, add_tenant));
  clock.advance(24h * 31);
  ASSERT_TRUE(sync(service->maintain(soon())));
  EXPECT_EQ(stored(first), "");
  auto const group = ok(200, "GET", "/groups/default");
  EXPECT_EQ(group.at("last_sequence"), 1);
  EXPECT_EQ(group.at("chain"), json::value(chain));
  auto const second = add("two");
  EXPECT_EQ(text_at(ok(200, "GET", "/tasks/" + second + "/proof"), "previous_chain"), chain);
}

TEST_F(TaskRoutes, CancellingTakesAWaitingTaskOutAndKeepsItsRecord) {
  auto const first = add("one");
  auto const second = add("two");
  EXPECT_EQ(text_at(ok(200, "DELETE", "/tasks/" + first), "status"), "cancelled");
  EXPECT_EQ(text_at(ok(200, "DELETE", "/tasks/" + first), "status"), "cancelled");
  EXPECT_EQ(task(first).at("timeline").at(1).at("what"), "cancelled");
  EXPECT_EQ(task(second).at("position"), 1);
}

TEST_F(TaskRoutes, AnotherTenantsTaskAnswersAsAMissingOne_A8_Q5) {
  auto const id = add("secret");
  auto const missing = new_uuid7(clock.now());
  for (auto const& target : {"/tasks/" + id, "/tasks/" + missing, std::string{"/tasks/nothing"}}) {
    for (auto const* const method : {"GET", "DELETE"})
      EXPECT_EQ(call(method, target, {}, with("x-test-tenant", "other")).status, 404) << method << target;
    EXPECT_EQ(call("GET", target + "/proof", {}, with("x-test-tenant", "other")).status, 404);
  }
  EXPECT_EQ(call("GET", "/groups/default", {}, with("x-test-tenant", "other")).status, 404);
  auto const foreign = call("GET", "/groups/default/tasks", {}, with("x-test-tenant", "other"));
  EXPECT_EQ(foreign.body, "{\"tasks\":[]}\n");
  EXPECT_TRUE(ok(200, "GET", "/tasks", {}, with("x-test-tenant", "other")).at("tasks").as_array().empty());
  EXPECT_EQ(status(id), "waiting");
}

TEST_F(TaskRoutes, RolesAreHeldOnEveryRoute_A9) {
  auto const id = add("one");
  auto const viewer = with("x-test-role", "viewer");
  auto const member = with("x-test-role", "member");
  EXPECT_EQ(call("POST", "/tasks", plain, viewer).status, 403);
  EXPECT_EQ(call("POST", "/tasks/batch", "{}", viewer).status, 403);
  EXPECT_EQ(call("DELETE", "/tasks/" + id, {}, viewer).status, 403);
  EXPECT_EQ(call("GET", "/tasks/" + id, {}, viewer).status, 200);
  EXPECT_EQ(call("POST", "/tasks", plain, member).status, 201);
}

TEST_F(TaskRoutes, LimitsAreAnswered_Q6) {
  auto const body = json::object{
      {"title", "a"}, {"description", ""}, {"priority", "low"}, {"group", std::string(129, 'g')}};
  EXPECT_EQ(wrong_fields(json::serialize(body)), (std::vector<std::string>{"group"}));
  declare({.depth_max = 2});
  add("one");
  add("two");
  auto const refused = call("POST", "/tasks", plain);
  EXPECT_EQ(refused.status, 429);
  EXPECT_FALSE(refused.headers.get("Retry-After").empty());
  EXPECT_NE(refused.body.find("queue_full"), refused.body.npos);
  // And a batch that does not fit leaves nothing.
  EXPECT_EQ(call("POST", "/tasks/batch", std::string{R"({"tasks":[)"} + plain + "]}").status, 429);
  EXPECT_EQ(ok(200, "GET", "/tasks").at("tasks").as_array().size(), 2U);
}

}  // namespace
}  // namespace hoist::tasks
