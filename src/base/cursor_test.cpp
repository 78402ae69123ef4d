#include "base/cursor.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(Cursor, E1_OnlyItsOwnListTakesItAndNoBitMayChange) {
  auto const cursors = Cursors{"secret", "list"};
  auto const cursor = cursors.make("acme/events", "42");
  EXPECT_EQ(cursors.read("acme/events", cursor), "42");
  EXPECT_FALSE(cursors.read("other/events", cursor));
  EXPECT_FALSE((Cursors{"other", "list"}.read("acme/events", cursor)));
  EXPECT_FALSE((Cursors{"secret", "another list"}.read("acme/events", cursor)));
  EXPECT_FALSE(Cursors{}.read("acme/events", cursor));
  EXPECT_FALSE(cursors.read("acme/events", ""));
  EXPECT_FALSE(cursors.read("acme/events", "-1"));
  for (std::size_t i = 0; i < cursor.size(); ++i) {
    auto forged = cursor;
    forged[i] = forged[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(cursors.read("acme/events", forged)) << i;
  }
}

}  // namespace
}  // namespace hoist
