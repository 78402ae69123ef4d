#include "aws/client/retry.hpp"

#include <gtest/gtest.h>

namespace hoist::aws {
namespace {

using std::chrono::milliseconds;

TEST(FullJitter, IsBetweenNothingAndADoublingPause) {
  auto options = RetryOptions{.first_pause = milliseconds{100}, .pause_max = milliseconds{500}};
  options.random = [] { return 0.0; };
  EXPECT_EQ(full_jitter(options, 5), milliseconds{0});
  options.random = [] { return 0.5; };
  EXPECT_EQ(full_jitter(options, 2), milliseconds{50});
  EXPECT_EQ(full_jitter(options, 3), milliseconds{100});
  EXPECT_EQ(full_jitter(options, 4), milliseconds{200});
  EXPECT_EQ(full_jitter(options, 5), milliseconds{250}) << "half of the longest";
  EXPECT_EQ(full_jitter(options, 1'000'000), milliseconds{250});
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
}  // namespace hoist::aws
