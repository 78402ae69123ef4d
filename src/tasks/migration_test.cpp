// What 0021 makes of the tasks and groups of before.
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

#include "adapters/memory/wakeups.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/try.hpp"
#include "sql/migrations.hpp"
#include "support/test_database.hpp"
#include "tasks/line.hpp"
#include "tasks/rows.hpp"

namespace hoist::tasks {
namespace {

constexpr auto task_lines = 21;

struct TaskLinesMigration : ::testing::Test {
  std::filesystem::path folder = ::testing::TempDir() + "task_lines_migration-" + std::to_string(getpid());
  Metrics metrics;
  SystemClock clock;
  memory::Wakeups wakeups;
  std::unique_ptr<sql::Database> database;

  TaskLinesMigration() {
    std::filesystem::remove_all(folder);
    std::filesystem::create_directories(folder);
    auto opened = sqlite::open_database({.path = folder / "test.db"}, {clock, wakeups}, metrics);
    EXPECT_TRUE(opened.has_value());
    database = std::move(*opened);
  }
  ~TaskLinesMigration() override {
    database.reset();
    std::filesystem::remove_all(folder);
  }
  void run(std::string const& statement) {
    ASSERT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute(statement));
      return {};
    }));
  }
  void migrate(bool to_before) {
    auto all = sql::compiled_migrations();
    if (to_before) std::erase_if(all, [](auto const& one) { return one.version >= task_lines; });
    ASSERT_TRUE(sql::migrate(*database, "sqlite", all).has_value());
  }
  void add_group(std::string const& name, int last, std::string const& blocked_by) {
    run("INSERT INTO queue_groups (queue, tenant, group_name, last_sequence, chain, depth, fence, "
        "touched_us, "
        "blocked_by) VALUES ('tasks', 'acme', '" +
        name + "', " + std::to_string(last) + ", 'chain-" + std::to_string(last) + "', 1, 1, 1, " +
        blocked_by + ")");
  }
  void add_task(std::string const& group, int sequence, std::string const& state) {
    run("INSERT INTO tasks (tenant, id, group_name, sequence, state, title, body, chain, user_id, "
        "created_us, "
        "finished_us) VALUES ('acme', '" +
        group + std::to_string(sequence) + "', '" + group + "', " + std::to_string(sequence) + ", '" + state +
        "', 't', '{}', 'chain-" + std::to_string(sequence) + "', 'ana', 1, " +
        (state == "waiting" ? "NULL" : "1") + ")");
  }
  Line line(std::string const& group) {
    auto line = Line{};
    EXPECT_TRUE(hoist::testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(line, look_at_line(tx, TenantId{"acme"}, group));
      return {};
    }));
    return line;
  }
};

TEST_F(TaskLinesMigration, WhatAGroupWaitsForIsKnownFromItsTasks) {
  migrate(true);
  add_group("blocked", 3, "1");
  add_task("blocked", 1, "dead");
  add_task("blocked", 2, "waiting");
  add_task("blocked", 3, "waiting");
  add_group("going", 3, "NULL");
  add_task("going", 1, "dead");
  add_task("going", 2, "done");
  add_task("going", 3, "waiting");
  migrate(false);
  EXPECT_EQ(line("blocked").head->sequence, 1);
  EXPECT_EQ(state_of(line("blocked"), from_us(1)), LineState::blocked);
  EXPECT_EQ(line("blocked").depth, 2);
  EXPECT_EQ(line("going").head->sequence, 3);
}

TEST_F(TaskLinesMigration, AGroupWhoseTasksAreForgottenKeepsItsLastLink) {
  migrate(true);
  add_group("old", 7, "NULL");
  add_group("kept", 2, "NULL");
  add_task("kept", 2, "done");
  migrate(false);
  EXPECT_EQ(line("old").last_sequence, 7);
  EXPECT_EQ(line("old").chain, "chain-7");
  EXPECT_EQ(line("kept").last_sequence, 2);
  EXPECT_EQ(line("never").last_sequence, 0);
}

}  // namespace
}  // namespace hoist::tasks
