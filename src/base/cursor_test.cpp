#include "base/cursor.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(Cursor, E1_OnlyItsOwnListTakesItAndNoBitMayChange) {
  auto const cursor = make_cursor("secret", "acme/events", "42");
  EXPECT_EQ(read_cursor("secret", "acme/events", cursor), "42");
  EXPECT_FALSE(read_cursor("secret", "other/events", cursor));
  EXPECT_FALSE(read_cursor("other", "acme/events", cursor));
  EXPECT_FALSE(read_cursor("secret", "acme/events", ""));
  EXPECT_FALSE(read_cursor("secret", "acme/events", "-1"));
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    auto forged = cursor;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(read_cursor("secret", "acme/events", forged)) << i;
  }
}

}  // namespace
}  // namespace hoist
