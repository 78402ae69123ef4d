#include "base/set_hash.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace hoist {
namespace {

TEST(SetHash, OrderAndWhatHasGoneMakeNoDifference) {
  auto one = SetHash{};
  for (auto const* member : {"a", "b", "c", "d"}) one.add(member);
  auto other = SetHash{};
  for (auto const* member : {"d", "x", "b", "a", "c"}) other.add(member);
  EXPECT_NE(one, other);
  other.remove("x");
  EXPECT_EQ(one, other);
  for (auto const* member : {"a", "b", "c", "d"}) other.remove(member);
  EXPECT_EQ(other, SetHash{});
}

TEST(SetHash, AnotherMemberIsAnotherDigest) {
  auto one = SetHash{};
  one.add("a");
  auto other = SetHash{};
  other.add("b");
  EXPECT_NE(one, other);
}

TEST(SetHash, ItsTextIsReadBackAndAnyOtherIsRefused) {
  auto hash = SetHash{};
  hash.add("a");
  auto const text = hash.to_text();
  auto const back = SetHash::parse(text);
  ASSERT_TRUE(back);
  EXPECT_EQ(*back, hash);
  EXPECT_FALSE(SetHash::parse(""));
  EXPECT_FALSE(SetHash::parse(text.substr(4)));
  EXPECT_FALSE(SetHash::parse(std::string(text.size(), '*')));
}

}  // namespace
}  // namespace hoist
