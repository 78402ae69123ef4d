#include "adapters/sql/last_queue_time.hpp"

#include <gtest/gtest.h>

#include "adapters/sql/queue.hpp"
#include "base/steady_clock.hpp"
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

}  // namespace
}  // namespace hoist
