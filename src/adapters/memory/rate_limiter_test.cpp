#include "adapters/memory/rate_limiter.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace hoist::memory {
namespace {

using namespace std::chrono_literals;

class RateLimiterTest : public testing::Test {
 protected:
  RateDecision take(std::string const& key, RateRule rule = {.limit = 5, .window = 60s}) {
    return *run_to_end<RateDecision>([&] { return limiter_.take(key, rule, clock_.now()); });
  }
  int allowed_of(int tries, std::string const& key, RateRule rule = {.limit = 5, .window = 60s}) {
    auto count = 0;
    for (auto i = 0; i < tries; ++i) count += take(key, rule).allowed ? 1 : 0;
    return count;
  }

  ManualClock clock_;
  RateLimiter limiter_{{.shards = 2, .keys_max = 8}};
};

TEST_F(RateLimiterTest, ExactlyTheLimitIsAllowedAtOnce) {
  EXPECT_EQ(allowed_of(12, "a"), 5);
  for (auto const limit : {1, 7, 100, 1000})
    EXPECT_EQ(allowed_of(limit + 50, fmt::format("limit {}", limit), {.limit = limit, .window = 60s}), limit);
}

TEST_F(RateLimiterTest, RemainingCountsDownAndTheRefusalSaysWhenToComeBack) {
  for (auto left = 4; left >= 0; --left) EXPECT_EQ(take("a").remaining, left);
  auto const refused = take("a");
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.limit, 5);
  EXPECT_EQ(refused.remaining, 0);
  EXPECT_EQ(refused.reset_s, 12);
  clock_.advance(11s);
  EXPECT_FALSE(take("a").allowed);
  clock_.advance(1s);
  EXPECT_TRUE(take("a").allowed);
}

TEST_F(RateLimiterTest, RefusedRequestsCostNothing) {
  EXPECT_EQ(allowed_of(500, "a"), 5);
  clock_.advance(60s);
  EXPECT_EQ(allowed_of(500, "a"), 5);
}

TEST_F(RateLimiterTest, OverAnyLongTimeNoMoreThanTheRateIsAllowed) {
  auto allowed = 0;
  for (auto second = 0; second < 600; ++second, clock_.advance(1s)) allowed += take("a").allowed ? 1 : 0;
  EXPECT_GE(allowed, 50);
  EXPECT_LE(allowed, 55);
}

TEST_F(RateLimiterTest, KeysDoNotShareABucket) {
  EXPECT_EQ(allowed_of(9, "a"), 5);
  EXPECT_EQ(allowed_of(9, "b"), 5);
}

TEST_F(RateLimiterTest, AClockSetBackLocksNobodyOutForLongerThanAWindow) {
  EXPECT_EQ(allowed_of(9, "a"), 5);
  clock_.advance(-24h);
  EXPECT_FALSE(take("a").allowed);
  clock_.advance(12s);
  EXPECT_TRUE(take("a").allowed);
}

TEST_F(RateLimiterTest, MoreKeysThanTheBoundForgetTheLeastRecentlyUsed) {
  for (auto i = 0; i < 1000; ++i) (void)take(fmt::format("key {}", i));
  EXPECT_LE(limiter_.keys(), 8U);
  EXPECT_EQ(allowed_of(9, "key 0"), 5);
}

}  // namespace
}  // namespace hoist::memory
