#include "bin/cli/progress.hpp"

#include <gtest/gtest.h>

namespace hoist::cli {
namespace {

TEST(HumanBytes, UsesThreeDigits) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(3'400'000), "3.4 MB");
  EXPECT_EQ(human_bytes(120'000'000'000), "120 GB");
}

TEST(HumanDuration, UsesTwoUnits) {
  EXPECT_EQ(human_duration(9), "9 s");
  EXPECT_EQ(human_duration(125), "2 m 05 s");
  EXPECT_EQ(human_duration(7'320), "2 h 02 m");
}

TEST(Printable, E6_ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31m\nb"), "a\\x1b[31m\\x0ab");
  EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");  // the one-character form of ESC [
  EXPECT_EQ(printable("se\xc3\xb1or"), "se\xc3\xb1or");
  EXPECT_EQ(printable("photo\u202Egpj.exe\u2069 \u2013"), "photo\\u202egpj.exe\\u2069 \u2013");
}

}  // namespace
}  // namespace hoist::cli
