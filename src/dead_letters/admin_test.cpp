#include "dead_letters/admin.hpp"

#include <gtest/gtest.h>

#include "adapters/sql/audit.hpp"
#include "base/try.hpp"
#include "dead_letters/routes.hpp"
#include "model/queue_names.hpp"
#include "support/allow_gate.hpp"
#include "support/test_database.hpp"
#include "support/test_queue.hpp"

namespace hoist::dead_letters {
namespace {

using namespace std::chrono_literals;

// Refuses to record when the test says so.
class FailingAudit final : public Audit {
 public:
  Result<void> record(sql::Transaction& tx, AuditEntry entry) override {
    if (failing) return fail(Code::unavailable);
    return trail.record(tx, std::move(entry));
  }
  bool failing = false;
  sql_engine::AuditLog trail;
};

class DeadLetterAdminTest : public ::testing::Test {
 protected:
  DeadLetterAdminTest() { add_routes(router, admin); }

  // Sends a message and gives it up.
  MessageId kill(std::string body) {
    auto sent = Sent{};
    EXPECT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(sent,
          queue.outbox().send_one(tx, {.queue = task_queue, .tenant = acme, .group = "g", .body = body}));
      return {};
    }));
    EXPECT_TRUE(run_to_end<void>([&]() -> Async<> {
      CO_TRY(auto const messages, co_await queue.consumer().receive({.queue = task_queue}, deadline_in(10s)));
      auto const failure = QueueFailure{.cause = "no crane", .permanent = true};
      co_return co_await queue.consumer().fail(messages.at(0).receipt, failure, deadline_in(10s));
    }));
    return sent.id;
  }
  template <class T>
  T sync(std::function<Async<T>()> body) {
    auto result = run_to_end<T>(std::move(body));
    EXPECT_TRUE(result.has_value());
    return result ? *std::move(result) : T{};
  }
  std::size_t dead() {
    return sync<Page>([&] { return admin.list(acme, task_queue, {}, 100, deadline_in(10s)); }).letters.size();
  }
  RedriveOrder order(std::vector<MessageId> ids = {}) {
    auto order = RedriveOrder{.queue = task_queue, .ids = std::move(ids)};
    order.call.caller.tenant = acme;
    order.call.caller.user = UserId{"ana"};
    order.call.request_id = "request-1";
    order.call.deadline = deadline_in(10s);
    return order;
  }
  Result<std::int64_t> redrive(std::vector<MessageId> ids = {}) {
    return run_to_end<std::int64_t>([&] { return admin.redrive(order(ids)); });
  }
  std::vector<AuditRecord> trail() {
    auto records = std::vector<AuditRecord>{};
    EXPECT_TRUE(hoist::testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(records, audit.trail.list(tx, acme, {}));
      return {};
    }));
    return records;
  }
  net::Response call(std::string method, std::string path, std::string body = {},
                     std::string role = "admin") {
    auto request = net::Request{};
    request.method = std::move(method);
    request.path = path.substr(0, path.find('?'));
    if (auto const at = path.find("queue="); at != path.npos)
      request.query.emplace_back("queue", path.substr(at + 6));
    request.target = std::move(path);
    request.headers.set("Content-Type", "application/json");
    request.headers.set("x-test-role", role);
    request.body = std::move(body);
    request.deadline = deadline_in(10s);
    return sync<net::Response>(
        [&]() -> Async<net::Response> { co_return co_await router.handle(std::move(request)); });
  }

  TenantId acme{"acme"};
  ManualClock clock;
  Metrics metrics;
  hoist::testing::TestDatabase database = hoist::testing::fast_database(clock);
  hoist::testing::TestQueue queue{*database, database.wakeups(), clock, metrics};
  FailingAudit audit;
  DeadLetterAdmin admin{{*database, queue.letters(), audit}};
  hoist::testing::AllowGate gate;
  net::Router router{net::Router::Options{}, gate, metrics};
};

TEST_F(DeadLetterAdminTest, WhatIsRedrivenIsRecordedWithWhoDidIt) {
  auto const first = kill("1");
  kill("2");
  EXPECT_EQ(redrive({first}).value(), 1);
  auto const records = trail();
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].actor, "ana");
  EXPECT_EQ(records[0].action, "dead_letters.redriven");
  EXPECT_EQ(records[0].request_id, "request-1");
  EXPECT_EQ(records[0].details.at("count"), 1);
  EXPECT_EQ(dead(), 1U);
}

TEST_F(DeadLetterAdminTest, WhatCannotBeRecordedIsNotRedriven) {
  kill("1");
  audit.failing = true;
  EXPECT_FALSE(redrive().has_value());
  EXPECT_EQ(dead(), 1U);
  audit.failing = false;
  EXPECT_EQ(redrive().value(), 1);
  EXPECT_EQ(dead(), 0U);
}

TEST_F(DeadLetterAdminTest, RedrivingNothingIsNotRecorded) {
  EXPECT_EQ(redrive().value(), 0);
  EXPECT_EQ(redrive({MessageId{"unknown"}}).value(), 0);
  EXPECT_TRUE(trail().empty());
}

TEST_F(DeadLetterAdminTest, PagesGoOnWhereTheLastOneEnded) {
  for (auto i = 0; i < 5; ++i) kill(std::to_string(i));
  auto bodies = std::string{};
  auto cursor = std::string{};
  do {
    auto const page = sync<Page>([&] { return admin.list(acme, task_queue, cursor, 2, deadline_in(10s)); });
    for (auto const& letter : page.letters) bodies += letter.body;
    cursor = page.next_cursor;
  } while (!cursor.empty());
  EXPECT_EQ(bodies, "01234");
}

TEST_F(DeadLetterAdminTest, TheRoutesShowPlanAndRedrive) {
  auto const id = kill(R"({"title":"Pour"})").str();
  auto const shown = call("GET", "/dead-letters");
  EXPECT_NE(shown.body.find(R"("cause":"no crane")"), std::string::npos) << shown.body;
  EXPECT_NE(shown.body.find(R"("body":{"title":"Pour"})"), std::string::npos) << shown.body;
  EXPECT_EQ(call("GET", "/dead-letters?queue=processing").body,
            "{\"dead_letters\":[],\"next_cursor\":null}\n");
  auto const plan = call("POST", "/dead-letters/redrive", R"({"dry_run":true})");
  EXPECT_NE(plan.body.find(R"("overtaken_by":0)"), std::string::npos) << plan.body;
  EXPECT_EQ(dead(), 1U);
  EXPECT_EQ(call("POST", "/dead-letters/redrive", R"({"ids":[")" + id + R"("]})").body,
            "{\"dry_run\":false,\"redriven\":1}\n");
  EXPECT_EQ(dead(), 0U);
}

TEST_F(DeadLetterAdminTest, TheRoutesNameEveryWrongFieldAndAreForAdmins) {
  EXPECT_EQ(call("POST", "/dead-letters/redrive", R"({"queue":"other","ids":["x"],"force":true})").status,
            400);
  EXPECT_EQ(call("POST", "/dead-letters/redrive", R"({"ids":[]})").status, 400);
  EXPECT_EQ(call("POST", "/dead-letters/redrive", R"({"ids":null})").status, 400);
  EXPECT_EQ(call("POST", "/dead-letters/redrive", R"({"dry_run":null})").status, 400);
  EXPECT_EQ(call("GET", "/dead-letters?queue=mail").status, 400);
  EXPECT_EQ(call("GET", "/dead-letters", {}, "member").status, 403);
  EXPECT_EQ(call("POST", "/dead-letters/redrive", "{}", "member").status, 403);
}

}  // namespace
}  // namespace hoist::dead_letters
