// What the database does when the disk is full or dying.
#include <gtest/gtest.h>

#include <future>

#include "adapters/sqlite/failing_disk.hpp"
#include "support/test_database.hpp"

namespace hoist {
namespace {

Result<void> run(sql::Transaction& tx, std::string_view sql) {
  auto const done = tx.execute(sql);
  return done ? Result<void>{} : std::unexpected{done.error()};
}

struct DiskFaultTest : ::testing::Test {
  void SetUp() override { testing::install_failing_disk(); }
  void TearDown() override { testing::remove_failing_disk(); }
};

TEST_F(DiskFaultTest, AFullDiskFailsEveryFunctionOfTheCommitAndTheWriterGoesOnWithoutRestart) {
  auto database = testing::fresh_database();
  ASSERT_TRUE(testing::write_now(*database, [](auto& tx) { return run(tx, "CREATE TABLE t (n BIGINT)"); }));
  testing::disk_faults().writes_full = true;
  auto left = std::atomic<int>{20};
  auto all = std::promise<void>{};
  auto refused = std::atomic<int>{0};
  for (auto i = 0; i < 20; ++i)
    database->submit(
        sql::Database::Access::write, Scope::system(),
        [](sql::Transaction& tx) { return run(tx, "INSERT INTO t VALUES (1)"); },
        deadline_in(std::chrono::seconds{30}),
        [&](Result<void> outcome) {
          if (!outcome && outcome.error().code() == Code::storage_full) ++refused;
          if (--left == 0) all.set_value();
        });
  all.get_future().wait();
  EXPECT_EQ(refused, 20);
  testing::disk_faults().writes_full = false;
  EXPECT_TRUE(testing::write_now(*database, [](auto& tx) {
                return run(tx, "INSERT INTO t VALUES (2)");
              }).has_value());
  auto count = std::int64_t{-1};
  ASSERT_TRUE(testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    count = tx.query("SELECT count(*) FROM t")->at(0).integer(0);
    return {};
  }));
  EXPECT_EQ(count, 1);
}

TEST_F(DiskFaultTest, ACommitOfManyPagesIsOneWrite) {
  auto database = testing::fresh_database();
  ASSERT_TRUE(testing::write_now(*database, [](auto& tx) { return run(tx, "CREATE TABLE t (n BLOB)"); }));
  auto const before = testing::disk_faults().writes.load();
  ASSERT_TRUE(testing::write_now(
      *database, [](auto& tx) { return run(tx, "INSERT INTO t VALUES (zeroblob(100000))"); }));
  EXPECT_EQ(testing::disk_faults().writes - before, 1);
}

using DiskFaultDeathTest = DiskFaultTest;

TEST_F(DiskFaultDeathTest, AFailedSyncEndsTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        auto database = testing::fresh_database();
        testing::disk_faults().sync_fails = true;
        (void)testing::write_now(*database, [](auto& tx) { return run(tx, "CREATE TABLE t (n BIGINT)"); });
      },
      "sync to disk failed");
}

}  // namespace
}  // namespace hoist
