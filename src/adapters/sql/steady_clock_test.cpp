#include "adapters/sql/steady_clock.hpp"

#include <gtest/gtest.h>

#include "adapters/sql/queue.hpp"
#include "adapters/sqlite/testing.hpp"

namespace hoist {
namespace {

using namespace std::chrono_literals;

struct SteadyClockTest : ::testing::Test {
  ManualClock wall;
  Micros monotonic{0};
  Time const start = wall.now();
  sql_engine::SteadyClock clock{wall, Time{}, [this] { return monotonic; }};

  void pass(Micros time) {
    monotonic += time;
    wall.advance(time);
  }
};

TEST_F(SteadyClockTest, FollowsTheWallClockWhileNobodyTouchesIt) {
  for (auto i = 0; i < 1000; ++i) {
    pass(Micros{7});
    ASSERT_EQ(clock.now(), wall.now());
  }
}

TEST_F(SteadyClockTest, Q8_AJumpOfTheWallClockIsTakenUpSlowlyAndNeverBackwards) {
  for (auto const jump : {Micros{1h}, Micros{-2h}, Micros{24h}, Micros{-48h}}) {
    auto const before = clock.now();
    wall.advance(jump);
    EXPECT_EQ(clock.now(), before);
    pass(10s);
    auto const passed = clock.now() - before;
    EXPECT_GE(passed, Micros{9'900ms});
    EXPECT_LE(passed, Micros{10'100ms});
  }
  for (auto i = 0; i < 10'000; ++i) pass(1h), (void)clock.now();
  EXPECT_EQ(clock.now(), wall.now());
}

TEST_F(SteadyClockTest, DoesNotStartBeforeWhatIsKnownToBePast) {
  auto const later = sql_engine::SteadyClock{wall, start + 1h, [this] { return monotonic; }};
  EXPECT_EQ(later.now(), start + 1h);
}

TEST_F(SteadyClockTest, Q8_NoMassRedeliveryWhenTheWallClockJumps) {
  auto database = testing::inline_database();
  auto queue = sql_engine::make_queue(*database, clock, database.metrics(), {.seed = 1});
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
