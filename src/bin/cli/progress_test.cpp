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
  EXPECT_EQ(human_duration(60), "1 m 00 s");
  EXPECT_EQ(human_duration(125), "2 m 05 s");
  EXPECT_EQ(human_duration(3'600), "1 h 00 m");
  EXPECT_EQ(human_duration(7'320), "2 h 02 m");
}

TEST(Printable, E6_ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(printable("a\x1b[31m\nb"), "a\\x1b[31m\\x0ab");
  EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");  // the one-character form of ESC [
  EXPECT_EQ(printable("se\xc3\xb1or"), "se\xc3\xb1or");
  EXPECT_EQ(printable("photo\u202Egpj.exe\u2069 \u2013"), "photo\\u202egpj.exe\\u2069 \u2013");
}

TEST(ProgressLine, TellsBytesWhileTheyAreSentAndThenFiles) {
  auto counters =
      Counters{.files_total = 12, .files_sent = 3, .bytes_total = 40'000'000, .bytes_sent = 10'000'000};
  EXPECT_EQ(progress_line(counters, "sending", "", 2e6),
            "sending    [######..................]  25%  3/12 files  2.0 MB/s  15 s left");
  EXPECT_EQ(progress_line(counters, "sending", "", 10),
            "sending    [######..................]  25%  3/12 files  10 B/s");
  EXPECT_EQ(progress_line(counters, "sending", "", 0),
            "sending    [######..................]  25%  3/12 files");
  counters.files_failed = 1;
  EXPECT_EQ(progress_line(counters, "sending", "Offline, trying again in 5 s", 2e6),
            "sending    [######..................]  25%  3/12 files, 1 failed  Offline, trying again in 5 s");
  counters = {.files_total = 12, .files_sent = 12, .files_final = 6, .bytes_total = 40, .bytes_sent = 40};
  EXPECT_EQ(progress_line(counters, "checking", "", 2e6),
            "checking   [############............]  50%  6/12 files");
  EXPECT_EQ(progress_line({}, "sending", "", 0), "sending    [........................]   0%  0/0 files");
}

}  // namespace
}  // namespace hoist::cli
