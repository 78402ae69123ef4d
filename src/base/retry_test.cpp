#include "base/retry.hpp"

#include <gtest/gtest.h>

#include <set>

namespace hoist {
namespace {

using namespace std::chrono_literals;

TEST(Backoff, DoublesUpToTheLongestPause) {
  auto const sure = Backoff{.first = 100ms, .longest = 500ms, .least = 1};
  EXPECT_EQ(sure.after(1), 100ms);
  EXPECT_EQ(sure.after(2), 200ms);
  EXPECT_EQ(sure.after(3), 400ms);
  EXPECT_EQ(sure.after(4), 500ms);
  EXPECT_EQ(sure.after(1'000'000), 500ms);
}

TEST(Backoff, LuckChoosesWithinTheJitter) {
  auto const spread = Backoff{.first = 100ms, .longest = 500ms, .least = 0.8, .most = 1.2};
  EXPECT_EQ(spread.after(2, 0), 160ms);
  EXPECT_EQ(spread.after(2, 0.5), 200ms);
  EXPECT_EQ(spread.after(9, 0.999), 599'800us);
}

TEST(Backoff, TheSystemsLuckDiffersAndStaysWithin) {
  auto const half = Backoff{.first = 100ms, .longest = 500ms};
  auto seen = std::set<Micros>{};
  for (auto i = 0; i < 100; ++i) seen.insert(half.after(2));
  EXPECT_GT(seen.size(), 50U);
  EXPECT_GE(*seen.begin(), 100ms);
  EXPECT_LE(*seen.rbegin(), 200ms);
}

TEST(RetryBudget, RunsOutWhenEverythingFailsAndComesBackWithSuccess) {
  auto budget = RetryBudget{};
  auto retries = 0;
  while (budget.take()) ++retries;
  EXPECT_EQ(retries, RetryBudget::full / RetryBudget::retry_cost);
  for (auto i = 0; i < RetryBudget::retry_cost - 1; ++i) budget.give_back(false);
  EXPECT_FALSE(budget.take());
  budget.give_back(false);
  EXPECT_TRUE(budget.take());
  budget.give_back(true);
  EXPECT_TRUE(budget.take()) << "a retry that helped costs nothing";
  for (auto i = 0; i < 10'000; ++i) budget.give_back(true);
  for (retries = 0; budget.take();) ++retries;
  EXPECT_EQ(retries, RetryBudget::full / RetryBudget::retry_cost) << "it is never more than full";
}

}  // namespace
}  // namespace hoist
