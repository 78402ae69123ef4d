#include "base/lru.hpp"

#include <gtest/gtest.h>

#include <string>

namespace hoist {
namespace {

TEST(Lru, TheLeastRecentlyUsedEntryGoesFirst) {
  auto map = Lru<std::string, int>{2};
  map.put("a", 1);
  map.put("b", 2);
  ASSERT_NE(map.find("a"), nullptr);
  map.put("c", 3);
  EXPECT_EQ(map.size(), 2U);
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_EQ(*map.find("a"), 1);
  EXPECT_EQ(*map.find("c"), 3);
}

TEST(Lru, PuttingAPresentKeyReplacesIt) {
  auto map = Lru<std::string, int>{2};
  map.put("a", 1);
  EXPECT_EQ(*map.put("a", 5), 5);
  EXPECT_EQ(map.size(), 1U);
}

TEST(Lru, ErasedEntriesAreGone) {
  auto map = Lru<std::string, int>{4};
  for (auto const* key : {"a", "b", "c"}) map.put(key, key[0]);
  map.erase("a");
  map.erase("never there");
  map.erase_if([](int value) { return value == 'b'; });
  EXPECT_EQ(map.find("a"), nullptr);
  EXPECT_EQ(map.find("b"), nullptr);
  EXPECT_NE(map.find("c"), nullptr);
  EXPECT_EQ(map.size(), 1U);
}

}  // namespace
}  // namespace hoist
