#include "base/steady_clock.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

using namespace std::chrono_literals;

struct SteadyClockTest : ::testing::Test {
  ManualClock wall;
  Micros monotonic{0};
  Time const start = wall.now();
  SteadyClock clock{wall, [this] { return monotonic; }};

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

TEST_F(SteadyClockTest, IsNeverBeforeWhatIsKnownToBePast) {
  clock.not_before(start + 1h);
  EXPECT_EQ(clock.now(), start + 1h);
  clock.not_before(start);
  EXPECT_EQ(clock.now(), start + 1h);
}

}  // namespace
}  // namespace hoist
