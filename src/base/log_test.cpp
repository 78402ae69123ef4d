#include "base/log.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

// fatal() writes its line past the queue of the others, so a test can wait for it.
TEST(LogDeathTest, OnlyValuesThatNeedItAreQuotedAndNoneBreaksItsLine) {
  EXPECT_DEATH(log::fatal("a disk failed", {{"disk", "sda"}, {"cause", "no \"space\"\n"}}),
               R"( error a disk failed disk=sda cause="no \\"space\\"\\x0a")");
  EXPECT_DEATH(log::fatal("a disk failed", {{"disk", ""}}), R"( disk="")");
}

TEST(LogDeathTest, AsJsonALineIsAnObject) {
  log::configure(log::Level::info, log::Format::json);
  EXPECT_DEATH(log::fatal("a disk failed", {{"disk", "sda 1"}}),
               R"("level":"error","message":"a disk failed","disk":"sda 1"\})");
  log::configure(log::Level::info, log::Format::text);
}

}  // namespace
}  // namespace hoist
