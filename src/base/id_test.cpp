#include "base/id.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(Uuid7, SortsInTheOrderMadeEvenWithinOneMillisecond) {
  auto const now = SystemClock{}.now();
  auto previous = new_uuid7(now);
  for (int i = 0; i < 10'000; ++i) {
    auto const next = new_uuid7(now);
    ASSERT_LT(previous, next);
    ASSERT_TRUE(is_uuid(next)) << next;
    ASSERT_EQ(next[14], '7');
    previous = next;
  }
}

TEST(Uuid7, OtherSpellingsAreNotIds) {
  EXPECT_FALSE(is_uuid("0190A000-0000-7000-8000-000000000000"));
  EXPECT_FALSE(is_uuid("0190a000-0000-7000-8000-00000000000"));
  EXPECT_FALSE(is_uuid("0190a000x0000-7000-8000-000000000000"));
}

}  // namespace
}  // namespace hoist
