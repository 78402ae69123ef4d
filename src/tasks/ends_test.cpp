// Who can only write to the database takes the newest tasks of a group away, and lowers every number there.
#include "tasks/ends.hpp"

#include <map>

#include "tasks/testing.hpp"

namespace hoist::tasks {
namespace {

struct TestSecrets final : Secrets {
  [[nodiscard]] Result<std::string> read(std::string_view name) const override {
    auto const found = texts.find(name);
    if (found == texts.end()) return fail(Code::not_found, "never written");
    return found->second;
  }
  Result<void> replace(std::string_view name, std::string_view text) override {
    if (full) return fail(Code::storage_full, "full");
    texts.insert_or_assign(std::string{name}, std::string{text});
    return {};
  }
  std::map<std::string, std::string, std::less<>> texts;
  bool full = false;
};

class SignedEnds : public TaskFixture {
 protected:
  SignedEnds() { note_to(ends); }
  void note_to(GroupEnds& noted) {
    service = std::make_unique<Service>(
        Ports{*database, queue->outbox(), queue->joint(), idempotency, audit, metrics, &noted}, Options{});
    router = std::make_unique<net::Router>(net::Router::Options{}, gate, metrics);
    add_routes(*router, *service, clock);
  }
  void sweep() { sweep(ends); }
  void sweep(GroupEnds& swept) {
    ASSERT_TRUE(run_to_end<void>([&] { return swept.sweep(soon()); }));
  }
  std::vector<std::string> check() {
    auto const found =
        run_to_end<std::vector<std::string>>([&] { return check_ends(*database, secrets, soon()); });
    EXPECT_TRUE(found);
    return found.value_or(std::vector<std::string>{"not checked"});
  }
  void run(std::string const& statement) {
    ASSERT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute(statement));
      return {};
    }));
  }
  // Everything of the group's newest task, and every number that tells of it.
  void take_newest_away(std::string const& group, int newest) {
    auto const of_group = " AND group_name = '" + group + "'";
    run("DELETE FROM queue_messages WHERE queue = 'tasks'" + of_group +
        " AND sequence = " + std::to_string(newest));
    run("DELETE FROM tasks WHERE tenant = 'acme'" + of_group + " AND sequence = " + std::to_string(newest));
    run("UPDATE queue_groups SET last_sequence = last_sequence - 1, chain = (SELECT chain FROM tasks WHERE "
        "tenant = 'acme'" +
        of_group + " ORDER BY sequence DESC LIMIT 1) WHERE queue = 'tasks'" + of_group);
  }
  double wrong() {
    auto const text = metrics.render();
    auto const at = text.rfind("\nhoist_task_ends_wrong ");
    return at == text.npos ? -1
                           : std::stod(text.substr(at + std::string_view{"\nhoist_task_ends_wrong "}.size()));
  }
  std::int64_t signed_sequence(std::string const& group) {
    return call_json("/groups/" + group).at("signed_sequence").to_number<std::int64_t>();
  }
  json::object call_json(std::string target) { return ok(200, "GET", std::move(target)).as_object(); }

  TestSecrets secrets;
  GroupEnds ends{*database, secrets, metrics};
};

TEST_F(SignedEnds, WhatWasSignedIsFine) {
  for (auto i = 0; i < 3; ++i) add("one", "g");
  add("another", "h");
  EXPECT_TRUE(check().empty());
  EXPECT_EQ(signed_sequence("g"), 0);
  sweep();
  EXPECT_EQ(signed_sequence("g"), 3);
  add("later", "g");
  EXPECT_TRUE(check().empty());
  sweep();
  EXPECT_EQ(signed_sequence("g"), 4);
  EXPECT_TRUE(check().empty());
  EXPECT_EQ(wrong(), 0);
}

TEST_F(SignedEnds, TheNewestTaskTakenAwayIsSeen) {
  for (auto i = 0; i < 3; ++i) add("one", "g");
  sweep();
  take_newest_away("g", 3);
  auto const problems = check();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0], "group g of acme: 3 tasks were accepted and signed, and it says 2");
  // And not signed, however often it is looked at, and after a restart.
  add("in its place", "h");
  ends.note(TenantId{"acme"}, "g");
  sweep();
  sweep();
  EXPECT_EQ(wrong(), 1);
  EXPECT_EQ(check().size(), 1U);
  auto restarted = GroupEnds{*database, secrets, metrics};
  sweep(restarted);
  EXPECT_EQ(wrong(), 1);
  EXPECT_EQ(check().size(), 1U);
}

TEST_F(SignedEnds, AnotherTaskInItsPlaceIsSeen) {
  SKIP_OVER_MEMORY_ENGINE(hoist::testing::has_no_joint_consumer);
  for (auto i = 0; i < 3; ++i) add("one", "g");
  sweep();
  take_newest_away("g", 3);
  add("in its place", "g");
  auto const problems = check();
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0], "group g of acme: the receipt of 3 is not the one that was signed");
  add("behind it", "g");
  sweep();
  EXPECT_EQ(wrong(), 1);
  EXPECT_EQ(check().size(), 1U);
}

TEST_F(SignedEnds, AWholeGroupTakenAwayIsSeen) {
  add("one", "g");
  sweep();
  for (auto const* table : {"tasks", "task_links", "queue_messages", "queue_groups"})
    run(std::string{"DELETE FROM "} + table);
  EXPECT_EQ(check().size(), 1U);
  EXPECT_EQ(call_json("/groups/g").at("last_sequence"), 0);
}

TEST_F(SignedEnds, WhatIsSignedCannotBeLoweredEither) {
  for (auto i = 0; i < 3; ++i) add("one", "g");
  sweep();
  take_newest_away("g", 3);
  run("UPDATE task_ends SET sequence = 2, chain = (SELECT chain FROM tasks ORDER BY sequence DESC LIMIT 1)");
  EXPECT_EQ(check(), std::vector<std::string>{"the ends of groups of tasks are not those that were signed"});
  run("DELETE FROM task_ends");
  EXPECT_EQ(check().size(), 1U);
  run("DELETE FROM task_ends_mark");
  EXPECT_EQ(check(),
            std::vector<std::string>{"what was signed of the groups of tasks is not there any more"});
}

TEST_F(SignedEnds, AnOlderDatabaseIsSeen) {
  add("one", "g");
  sweep();
  for (auto const* table : {"task_ends", "task_ends_mark"})
    run(std::string{"CREATE TABLE old_"} + table + " AS SELECT * FROM " + table);
  add("two", "g");
  sweep();
  take_newest_away("g", 2);
  for (auto const* table : {"task_ends", "task_ends_mark"}) {
    run(std::string{"DELETE FROM "} + table);
    run(std::string{"INSERT INTO "} + table + " SELECT * FROM old_" + table);
  }
  EXPECT_EQ(check(), std::vector<std::string>{"the groups of tasks are those of an earlier time"});
  auto restarted = GroupEnds{*database, secrets, metrics};
  sweep(restarted);
  EXPECT_EQ(wrong(), 1);
  EXPECT_EQ(check().size(), 1U) << "it is not signed again";
  ASSERT_TRUE(secrets.replace(ends_secret, ""));
  auto accepted = GroupEnds{*database, secrets, metrics};
  sweep(accepted);
  EXPECT_EQ(wrong(), 0);
  EXPECT_TRUE(check().empty());
  EXPECT_EQ(signed_sequence("g"), 1);
}

TEST_F(SignedEnds, ACrashBetweenDatabaseAndFileIsNoAlarm) {
  add("one", "g");
  sweep();
  add("two", "g");
  secrets.full = true;
  EXPECT_FALSE(run_to_end<void>([&] { return ends.sweep(soon()); }));
  secrets.full = false;
  EXPECT_TRUE(check().empty());
  auto restarted = GroupEnds{*database, secrets, metrics};
  note_to(restarted);
  add("three", "g");
  sweep(restarted);
  EXPECT_EQ(signed_sequence("g"), 3);
  EXPECT_TRUE(check().empty());
  EXPECT_EQ(wrong(), 0);
}

TEST_F(SignedEnds, WhatRetentionForgetsStaysSigned) {
  auto const one = add("one", "g");
  sweep();
  process_until({}, [&] { return stored(one) == "done"; });
  run("INSERT INTO tenants (tenant, name, created_us) VALUES ('acme', 'Acme', 0)");
  clock.advance(24h * 40);
  ASSERT_TRUE(sync(service->maintain(soon())));
  EXPECT_EQ(stored(one), "");
  EXPECT_TRUE(check().empty());
  add("two", "g");
  sweep();
  EXPECT_EQ(signed_sequence("g"), 2);
  EXPECT_TRUE(check().empty());
}

}  // namespace
}  // namespace hoist::tasks
