#include "bin/cli/journal.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <unistd.h>

namespace hoist::cli {
namespace {

namespace fs = std::filesystem;

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("hoist-journal-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
    ::setenv("XDG_STATE_HOME", folder_.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("XDG_STATE_HOME");
    fs::remove_all(folder_);
  }
  [[nodiscard]] fs::path file() const {
    for (auto const& entry : fs::directory_iterator{folder_ / "hoist"}) return entry.path();
    return {};
  }
  static Begun begun(std::string id) {
    return {std::move(id), "batch", {{"url", "u"}, {"expires_at", to_rfc3339(SystemClock{}.now())}}};
  }
  fs::path folder_;
};

TEST_F(JournalTest, TheNextRunFindsWhatIsStillOpen) {
  {
    auto journal = Journal{"http://a"};
    journal.begin({{"k1", begun("1")}, {"k2", begun("2")}});
    journal.end("k1");
  }
  auto const journal = Journal{"http://a"};
  EXPECT_FALSE(journal.find("k1"));
  ASSERT_TRUE(journal.find("k2"));
  EXPECT_EQ(journal.find("k2")->upload_id, "2");
  EXPECT_EQ(journal.find("k2")->transfer.at("url").as_string(), "u");
}

TEST_F(JournalTest, WhatIsTwoDaysOldIsForgotten) {
  auto old = begun("1");
  old.transfer["expires_at"] = to_rfc3339(SystemClock{}.now() - std::chrono::hours{49});
  {
    Journal{"http://a"}.begin({{"k1", old}, {"k2", begun("2")}});
  }
  auto const journal = Journal{"http://a"};
  EXPECT_FALSE(journal.find("k1"));
  EXPECT_TRUE(journal.find("k2"));
}

TEST_F(JournalTest, AHalfWrittenLineIsIgnored) {
  {
    Journal{"http://a"}.begin({{"k1", begun("1")}});
  }
  std::ofstream{file(), std::ios::app} << R"({"key":"k2","upl)";
  auto const journal = Journal{"http://a"};
  EXPECT_TRUE(journal.find("k1"));
  EXPECT_FALSE(journal.find("k2"));
}

TEST_F(JournalTest, TheFileGoesWhenNothingIsOpenAndOthersCannotReadIt) {
  {
    auto journal = Journal{"http://a"};
    journal.begin({{"k1", begun("1")}});
    EXPECT_EQ(fs::status(file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
    journal.end("k1");
  }
  EXPECT_EQ(file(), fs::path{});
}

TEST_F(JournalTest, ASecondRunWorksWithoutAndLeavesTheFirstOnesAlone) {
  auto first = Journal{"http://a"};
  first.begin({{"k1", begun("1")}});
  {
    EXPECT_FALSE(Journal{"http://a"}.find("k1"));
  }
  EXPECT_NE(file(), fs::path{});
}

TEST_F(JournalTest, TheKeyChangesWithAnythingThatCouldMeanAnotherFile) {
  auto file = LocalFile{};
  file.path = "/a";
  auto const key = journal_key(file, "p");
  EXPECT_NE(key, journal_key(file, "q"));
  file.modified_us = 1;
  EXPECT_NE(key, journal_key(file, "p"));
}

}  // namespace
}  // namespace hoist::cli
