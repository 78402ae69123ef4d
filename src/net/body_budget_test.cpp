#include "net/body_budget.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace hoist::net {
namespace {

constexpr std::size_t kilobyte = 1024;

TEST(BodyBudget, SmallBodiesAreFreeAndLargeOnesShareOneBudget) {
  auto const budget = std::make_shared<BodyBudget>(128 * kilobyte);
  auto first = std::make_optional<BodyBudget::Share>(budget, "a");
  auto second = BodyBudget::Share{budget, "b"};
  auto third = BodyBudget::Share{budget, "c"};
  EXPECT_TRUE(first->grow(BodyBudget::free_bytes));
  EXPECT_EQ(budget->held(), 0U);
  EXPECT_TRUE(first->grow(64 * kilobyte));
  EXPECT_TRUE(second.grow(64 * kilobyte));
  EXPECT_EQ(budget->held(), 128 * kilobyte);
  EXPECT_TRUE(third.grow(BodyBudget::free_bytes));
  auto const refused = third.grow(32 * kilobyte);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable);
  EXPECT_TRUE(refused.error().retry_after_s());
  first.reset();
  EXPECT_TRUE(third.grow(32 * kilobyte));
  EXPECT_EQ(budget->held(), 96 * kilobyte);
}

TEST(BodyBudget, OneOwnerGetsHalf) {
  auto const budget = std::make_shared<BodyBudget>(128 * kilobyte);
  auto first = BodyBudget::Share{budget, "a"};
  auto again = BodyBudget::Share{budget, "a"};
  auto other = BodyBudget::Share{budget, "b"};
  EXPECT_TRUE(first.grow(64 * kilobyte));
  EXPECT_FALSE(again.grow(32 * kilobyte));
  EXPECT_TRUE(other.grow(64 * kilobyte));
}

}  // namespace
}  // namespace hoist::net
