#include "adapters/sql/last_queue_time.hpp"

#include <gtest/gtest.h>

#include "adapters/memory/wakeups.hpp"
#include "adapters/sql/queue.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/steady_clock.hpp"
#include "base/try.hpp"
#include "sql/migrations.hpp"
#include "support/test_database.hpp"

namespace hoist {
namespace {

using namespace std::chrono_literals;

TEST(QueueTime, Q8_NoMassRedeliveryWhenTheWallClockJumps) {
  auto wall = ManualClock{};
  auto const clock = SteadyClock{wall, [] { return Micros{0}; }};
  auto database = testing::inline_database(clock);
  auto queue = sql_engine::make_queue(*database, database.wakeups(), database.metrics(), {.seed = 1});
  auto const receive = [&] {
    return run_to_end<std::vector<Message>>(
               [&] { return queue->receive({.queue = "q", .max = 10}, deadline_in(10s)); })
        .value();
  };
  ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    for (auto i = 0; i < 10; ++i)
      EXPECT_TRUE(queue->send_one(tx, {"q", TenantId{"acme"}, "g" + std::to_string(i), "x", {}, Micros{0}}));
    return {};
  }));
  auto const taken = receive();
  ASSERT_EQ(taken.size(), 10U);
  for (auto const jump : {Micros{1h}, Micros{-2h}, Micros{25h}}) {
    wall.advance(jump);
    EXPECT_TRUE(receive().empty());
  }
  for (auto const& message : taken)
    EXPECT_TRUE(
        run_to_end<void>([&] { return queue->acknowledge(message.receipt, deadline_in(10s)); }).has_value());
  ASSERT_TRUE(run_to_end<std::int64_t>([&] { return queue->maintain(deadline_in(10s)); }).has_value());
  EXPECT_EQ(sql_engine::last_queue_time(*database).value(), clock.now());
}

// What 0022 makes of the groups of before.
class QueueTimeMigration : public ::testing::Test {
 protected:
  static constexpr auto queue_time = 22;

  QueueTimeMigration() {
    auto before = sql::compiled_migrations();
    std::erase_if(before, [](auto const& one) { return one.version >= queue_time; });
    EXPECT_TRUE(sql::migrate(*database_, "sqlite", before));
  }
  void add_group(std::string const& queue, std::string const& tenant, std::int64_t touched_us) {
    EXPECT_TRUE(testing::write_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
      CHECK(tx.execute(
          "INSERT INTO queue_groups (queue, tenant, group_name, last_sequence, chain, depth, fence, "
          "touched_us) VALUES ($1, $2, 'g', 3, 'chain-3', 0, 7, $3)",
          {queue, tenant, touched_us}));
      return {};
    }));
  }
  void migrate() { ASSERT_TRUE(sql::migrate(*database_, "sqlite")); }
  std::int64_t count(std::string const& of) {
    auto count = std::int64_t{0};
    EXPECT_TRUE(testing::read_now(*database_, [&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const rows, tx.query("SELECT count(*) FROM " + of));
      count = rows[0].integer(0);
      return {};
    }));
    return count;
  }

  SystemClock clock_;
  memory::Wakeups wakeups_;
  Metrics metrics_;
  std::unique_ptr<sql::Database> database_ = sqlite::open_in_memory({clock_, wakeups_}, metrics_).value();
};

TEST_F(QueueTimeMigration, TheClockGoesOnFromTheLatestTimeOfAllQueuesAndTenants) {
  add_group("tasks", "acme", 70);
  add_group("processing", "acme", 900);
  add_group("tasks", "other", 5);
  migrate();
  EXPECT_EQ(sql_engine::last_queue_time(*database_), from_us(900));
  EXPECT_EQ(count("queue_time"), 1);
  EXPECT_EQ(count("queue_groups WHERE last_sequence = 3 AND chain = 'chain-3' AND fence = 7"), 3);
}

TEST_F(QueueTimeMigration, WithoutGroupsItBeginsAtZero) {
  migrate();
  EXPECT_EQ(sql_engine::last_queue_time(*database_), from_us(0));
  EXPECT_EQ(count("queue_time"), 1);
}

}  // namespace
}  // namespace hoist
