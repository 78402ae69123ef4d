#include "net/detail/door.hpp"

#include <gtest/gtest.h>

namespace hoist::net {
namespace {

using enum Door::Verdict;

TEST(Door, OneAddressCannotFillIt) {
  auto door = Door{{.connections_max = 4, .per_address_max = 2, .refusals_max = 1}};
  EXPECT_EQ(door.enter("a"), serve);
  EXPECT_EQ(door.enter("a"), serve);
  EXPECT_EQ(door.enter("a"), crowded);
  EXPECT_EQ(door.enter("a"), drop);
  EXPECT_EQ(door.enter("b"), serve);
  door.leave("a", crowded);
  door.leave("a", serve);
  EXPECT_EQ(door.enter("a"), serve);
  EXPECT_EQ(door.enter(""), serve);  // a proxy, whose address is not counted
  EXPECT_EQ(door.enter("c"), full);
  EXPECT_EQ(door.enter("c"), drop);
  EXPECT_EQ(door.inside(), 5U);
}

TEST(Door, IsEmptyWhenAllHaveLeft) {
  auto door = Door{{}};
  EXPECT_TRUE(door.wait_until_empty(Deadline::min()));
  EXPECT_EQ(door.enter("a"), serve);
  EXPECT_FALSE(door.wait_until_empty(Deadline::min()));
  door.leave("a", serve);
  EXPECT_TRUE(door.wait_until_empty(Deadline::min()));
}

}  // namespace
}  // namespace hoist::net
