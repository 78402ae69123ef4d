#include "adapters/sqlite/database.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <thread>

#include "adapters/memory/wakeups.hpp"
#include "adapters/sql/event_index.hpp"
#include "base/try.hpp"
#include "contract/database_contract.hpp"
#include "sql/migrations.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

class TestHolder final : public DatabaseHolder {
 public:
  explicit TestHolder(testing::TestDatabase::Kind kind) : database_{kind} {}
  sql::Database& database() override { return *database_; }
  Wakeups& wakeups() override { return database_.wakeups(); }
  void reopen() override { database_.reopen(); }

 private:
  testing::TestDatabase database_;
};

DatabaseUnderTest on(std::string name, testing::TestDatabase::Kind kind) {
  return {std::move(name), [kind] { return std::make_unique<TestHolder>(kind); }};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, DatabaseContract,
                         ::testing::Values(on("One", testing::TestDatabase::Kind::file),
                                           on("Two", testing::TestDatabase::Kind::two)),
                         [](auto const& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::contract

namespace hoist {
namespace {

using namespace std::chrono_literals;

std::string contents(std::filesystem::path const& path) {
  auto file = std::ifstream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

// Holds the writer inside a function until released.
class Gate {
 public:
  explicit Gate(sql::Database& database) {
    auto entered = std::make_shared<std::promise<void>>();
    auto waiting = entered->get_future();
    database.submit(
        sql::Database::Access::write, Scope::system(),
        [entered, released = release_.get_future().share()](sql::Transaction&) -> Result<void> {
          entered->set_value();
          released.wait();
          return {};
        },
        deadline_in(60s), [](Result<void>) {});
    waiting.wait();
  }
  void open() { release_.set_value(); }

 private:
  std::promise<void> release_;
};

struct SqliteDatabaseTest : ::testing::Test {
  std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("hoist-sqlite-" + std::to_string(::getpid()));
  Metrics metrics;
  SystemClock clock;
  memory::Wakeups wakeups;

  void SetUp() override { std::filesystem::create_directories(folder); }
  void TearDown() override { std::filesystem::remove_all(folder); }
  std::unique_ptr<sql::Database> open(std::size_t queue_max = 64) {
    auto database =
        sqlite::open_database({.path = (folder / "test.db").string(), .readers = 1, .queue_max = queue_max},
                              {clock, wakeups}, metrics);
    EXPECT_TRUE(database.has_value());
    return std::move(*database);
  }
};

Result<void> run(sql::Transaction& tx, std::string_view sql, sql::Args args = {}) {
  auto const done = tx.execute(sql, std::move(args));
  return done ? Result<void>{} : std::unexpected{done.error()};
}

TEST_F(SqliteDatabaseTest, AFullQueueIsUnavailableWithRetryAfterAndLaterWorkIsAccepted) {
  auto database = open(4);
  auto gate = Gate{*database};
  auto outcomes = std::vector<std::future<Result<void>>>{};
  for (auto i = 0; i < 6; ++i) {
    auto promise = std::make_shared<std::promise<Result<void>>>();
    outcomes.push_back(promise->get_future());
    database->submit(
        sql::Database::Access::write, Scope::system(), [](sql::Transaction&) { return Result<void>{}; },
        deadline_in(60s), [promise](Result<void> outcome) { promise->set_value(std::move(outcome)); });
  }
  for (auto i : {4, 5}) {
    auto const refused = outcomes[static_cast<std::size_t>(i)].get();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code(), Code::unavailable);
    EXPECT_TRUE(refused.error().retry_after_s().has_value());
  }
  gate.open();
  for (auto i = std::size_t{0}; i < 4; ++i) EXPECT_TRUE(outcomes[i].get().has_value());
  EXPECT_TRUE(testing::write_now(*database, [](auto&) { return Result<void>{}; }).has_value());
}

TEST_F(SqliteDatabaseTest, FunctionsThatWaitTogetherAreCommittedByOneSync) {
  auto database = open();
  ASSERT_TRUE(testing::write_now(*database, [](auto& tx) { return run(tx, "CREATE TABLE t (n BIGINT)"); }));
  auto gate = Gate{*database};
  auto left = std::atomic<int>{50};
  auto all = std::promise<void>{};
  for (auto i = 0; i < 50; ++i)
    database->submit(
        sql::Database::Access::write, Scope::system(),
        [](sql::Transaction& tx) { return run(tx, "INSERT INTO t VALUES (1)"); }, deadline_in(60s),
        [&](Result<void> outcome) {
          EXPECT_TRUE(outcome.has_value());
          if (--left == 0) all.set_value();
        });
  gate.open();
  all.get_future().wait();
  database.reset();
  // The table, and the gate with everything that came meanwhile.
  EXPECT_NE(metrics.render().find("hoist_db_commit_batch_size_count 2"), std::string::npos)
      << metrics.render();
  EXPECT_NE(metrics.render().find("hoist_db_commit_batch_size_sum 52"), std::string::npos);
}

TEST_F(SqliteDatabaseTest, AFullDiskFailsTheBatchAndTheWriterGoesOnWhenThereIsSpace) {
  auto database = open();
  ASSERT_TRUE(testing::write_now(*database, [](auto& tx) { return run(tx, "CREATE TABLE t (n TEXT)"); }));
  // max_page_count is how SQLite itself says "full"; it needs no small file system.
  ASSERT_TRUE(testing::write_now(*database, [](sql::Transaction& tx) -> Result<void> {
    auto const rows = tx.query("PRAGMA max_page_count = 20");
    return rows ? Result<void>{} : std::unexpected{rows.error()};
  }));
  auto const big = std::string(200'000, 'x');
  auto const full =
      testing::write_now(*database, [&](auto& tx) { return run(tx, "INSERT INTO t VALUES ($1)", {big}); });
  ASSERT_FALSE(full.has_value());
  EXPECT_EQ(full.error().code(), Code::storage_full);
  EXPECT_TRUE(testing::write_now(*database, [](auto& tx) {
                return run(tx, "INSERT INTO t VALUES ('small')");
              }).has_value());
  ASSERT_TRUE(testing::write_now(*database, [](sql::Transaction& tx) -> Result<void> {
    (void)tx.query("PRAGMA max_page_count = 100000");
    return {};
  }));
  EXPECT_TRUE(testing::write_now(*database, [&](auto& tx) {
                return run(tx, "INSERT INTO t VALUES ($1)", {big});
              }).has_value());
}

TEST_F(SqliteDatabaseTest, TheWalStaysBoundedWhileAMillionBytesAreWrittenManyTimes) {
  auto database = open();
  ASSERT_TRUE(testing::write_now(*database, [](auto& tx) { return run(tx, "CREATE TABLE t (n TEXT)"); }));
  auto const block = std::string(1'000'000, 'x');
  for (auto i = 0; i < 60; ++i)
    ASSERT_TRUE(testing::write_now(*database, [&](auto& tx) {
                  return run(tx, "INSERT INTO t VALUES ($1)", {block});
                }).has_value());
  EXPECT_LT(std::filesystem::file_size(folder / "test.db-wal"), 20'000'000U);
}

sql::Migration migration(std::int64_t version, std::string text, std::string dialect = {}) {
  return {version, "m" + std::to_string(version), std::move(dialect), std::move(text)};
}

struct MigrationsTest : SqliteDatabaseTest {
  std::unique_ptr<sql::Database> database;
  void SetUp() override {
    SqliteDatabaseTest::SetUp();
    database = open();
  }
  void TearDown() override {
    database.reset();
    SqliteDatabaseTest::TearDown();
  }
  Result<std::int64_t> migrate(std::vector<sql::Migration> const& all) {
    return sql::migrate(*database, "sqlite", all);
  }
};

TEST_F(MigrationsTest, EachRunsOnceInOrderOfNumberWhateverOrderTheyAreListedIn) {
  auto const first = migration(1, "CREATE TABLE a (n BIGINT);\nINSERT INTO a VALUES (1);");
  auto const second = migration(2, "INSERT INTO a VALUES (2);");
  EXPECT_EQ(migrate({second, first}).value_or(-1), 2);
  EXPECT_EQ(migrate({first, second}).value_or(-1), 0);
}

TEST_F(MigrationsTest, TheDialectsOwnFileWins) {
  EXPECT_EQ(migrate({migration(1, "CREATE TABLE both (n BIGINT)"),
                     migration(1, "CREATE TABLE mine (n BIGINT)", "sqlite"),
                     migration(1, "CREATE TABLE other (n BIGINT)", "postgres")})
                .value_or(-1),
            1);
  EXPECT_TRUE(testing::write_now(*database, [](auto& tx) {
                return run(tx, "INSERT INTO mine VALUES (1)");
              }).has_value());
}

TEST_F(MigrationsTest, DetailsThatWaitedBeforeTheOutboxHadEntriesGoOnWaiting) {
  auto before = sql::compiled_migrations();
  std::erase_if(before, [](auto const& one) { return one.version >= 8; });
  ASSERT_EQ(migrate(before).value_or(-1), 7);
  auto const insert = [&](char const* values) {
    return testing::write_now(*database, [&](sql::Transaction& tx) {
      return run(tx, "INSERT INTO event_outbox (tenant, event_id, salt, details, redaction) VALUES " +
                         std::string{values});
    });
  };
  ASSERT_TRUE(insert(R"(('acme', 'gone', '', '{}', 0))"));
  ASSERT_TRUE(testing::write_now(*database, [](auto& tx) { return run(tx, "DELETE FROM event_outbox"); }));
  ASSERT_TRUE(insert(R"(('acme', 'one', 'c2FsdA', '{"a": "b c"}', 0), ('other', 'two', '', '', 1))"));
  ASSERT_TRUE(migrate(sql::compiled_migrations()));
  ASSERT_TRUE(testing::write_now(*database, [](sql::Transaction& tx) -> Result<void> {
    auto index = sql_engine::EventIndex{};
    TRY(auto const items, index.outbox(tx, 0, 10));
    EXPECT_EQ(items.size(), 2U);
    EXPECT_EQ(items.at(0).number, 2) << "numbers are never given twice";
    EXPECT_EQ(items.at(0).event.str(), "one");
    EXPECT_EQ(items.at(0).salt, "salt");
    EXPECT_EQ(items.at(0).details, R"({"a": "b c"})");
    EXPECT_FALSE(items.at(0).redaction);
    EXPECT_EQ(items.at(1).tenant.str(), "other");
    EXPECT_EQ(items.at(1).details, "");
    EXPECT_TRUE(items.at(1).redaction);
    CHECK(index.settle(tx, {2, 3}));
    TRY(auto const next, tx.query("INSERT INTO event_outbox (tenant, redaction, lines) "
                                  "VALUES ('acme', 0, 'x  {}') RETURNING number"));
    EXPECT_EQ(next.at(0).integer(0), 4);
    return {};
  }));
}

TEST_F(MigrationsTest, DataOfANewerVersionIsRefusedAndNotTouched) {
  auto const first = migration(1, "CREATE TABLE a (n BIGINT)");
  ASSERT_TRUE(migrate({first, migration(2, "CREATE TABLE b (n BIGINT)")}).has_value());
  auto const refused = migrate({first});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::conflict);
  EXPECT_NE(refused.error().detail().find("newer version"), std::string::npos);
}

TEST_F(MigrationsTest, AnEditedMigrationIsRefused) {
  ASSERT_TRUE(migrate({migration(1, "CREATE TABLE a (n BIGINT)")}).has_value());
  auto const refused = migrate({migration(1, "CREATE TABLE a (n BIGINT, m BIGINT)")});
  ASSERT_FALSE(refused.has_value());
  EXPECT_NE(refused.error().detail().find("edited"), std::string::npos);
}

TEST_F(MigrationsTest, AFailingMigrationLeavesNothingOfItself) {
  EXPECT_FALSE(migrate({migration(1, "CREATE TABLE a (n BIGINT);\nINSERT INTO nowhere VALUES (1);")}));
  EXPECT_EQ(migrate({migration(1, "CREATE TABLE a (n BIGINT);")}).value_or(-1), 1);
}

TEST_F(MigrationsTest, StatementsAreSplitOutsideQuotesCommentsAndTriggers) {
  auto const parts = sql::split_statements(
      "-- a; comment\nINSERT INTO a VALUES ('x;''y');\n"
      "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; DELETE FROM c; END;\nSELECT 1");
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parts[0], "INSERT INTO a VALUES ('x;''y')");
  EXPECT_TRUE(parts[1].ends_with("END;"));
  EXPECT_EQ(parts[2], "SELECT 1");
}

TEST(SqliteDatabase, WhatWasErasedIsSoonInNoFile) {
  auto const database = hoist::testing::fresh_database();
  auto const run = [&](std::string_view sql, sql::Args args = {}) {
    EXPECT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute(sql, args));
      return {};
    }));
  };
  auto const secret = "erase me " + std::string(100, 'x');
  run("CREATE TABLE notes (note TEXT NOT NULL)");
  auto const found = [&] {
    for (auto const* name : {"hoist.db", "hoist.db-wal"})
      if (contents(database.folder() / name).find(secret) != std::string::npos) return true;
    return false;
  };
  run("INSERT INTO notes (note) VALUES ($1)", {secret});
  EXPECT_TRUE(found());
  run("DELETE FROM notes");
  auto const deadline = deadline_in(10s);
  while (found() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  EXPECT_FALSE(found());
  auto const left = std::filesystem::file_size(database.folder() / "hoist.db-wal");
  EXPECT_GT(left, 0U) << "as if it had been removed";
  EXPECT_LT(left, 10'000U);
}

}  // namespace
}  // namespace hoist
