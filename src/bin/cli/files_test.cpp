#include "bin/cli/files.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <unistd.h>

namespace hoist::cli {
namespace {

namespace fs = std::filesystem;

class FindFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("hoist-files-" + std::to_string(::getpid()));
    fs::create_directories(folder_ / "b");
    write("b/two.JPG", "22");
    write("a.heic", "1");
  }
  void TearDown() override { fs::remove_all(folder_); }
  void write(std::string const& name, std::string const& text) { std::ofstream{folder_ / name} << text; }
  std::vector<LocalFile> find(std::vector<std::string> const& paths) {
    return find_files(
        paths, [&](fs::path const& path, std::string const&) { problems_.push_back(path.filename()); });
  }
  fs::path folder_;
  std::vector<std::string> problems_;
};

TEST_F(FindFiles, WalksFoldersInOrder) {
  auto const files = find({folder_});
  ASSERT_EQ(files.size(), 2U);
  EXPECT_EQ(files[0].name, "a.heic");
  EXPECT_EQ(files[0].content_type, "image/heic");
  EXPECT_EQ(files[1].name, "two.JPG");
  EXPECT_EQ(files[1].content_type, "image/jpeg");
  EXPECT_EQ(files[1].size, 2);
}

TEST_F(FindFiles, WhatIsMissingIsReportedAndTheRestIsFound) {
  auto const files = find({folder_ / "none.jpg", folder_ / "a.heic"});
  EXPECT_EQ(files.size(), 1U);
  EXPECT_EQ(problems_, std::vector<std::string>{"none.jpg"});
}

TEST_F(FindFiles, NamesThatAreNotTextBecomeText) {
  write("\xff.jpg", "3");
  auto const files = find({folder_});
  ASSERT_EQ(files.size(), 3U);
  EXPECT_EQ(files[2].name, "?.jpg");
}

TEST_F(FindFiles, ALinkToAFolderIsNotFollowed) {
  fs::create_directory_symlink(folder_, folder_ / "b" / "loop");
  EXPECT_EQ(find({folder_}).size(), 2U);
}

TEST_F(FindFiles, FoldersAreKeptFromTheNamedOneOn) {
  auto const files = find({folder_ / "b", folder_.string() + "/", folder_ / "a.heic"});
  ASSERT_EQ(files.size(), 4U);
  auto const top = folder_.filename().string();
  EXPECT_EQ(files[0].place, "b/two.JPG");
  EXPECT_EQ(files[1].place, top + "/a.heic");
  EXPECT_EQ(files[2].place, top + "/b/two.JPG");
  EXPECT_EQ(files[3].place, "");  // named itself
  auto const here = fs::current_path();
  fs::current_path(folder_);
  EXPECT_EQ(find({"."})[1].place, "b/two.JPG");
  fs::current_path(here);
}

TEST_F(FindFiles, HiddenFilesAndFoldersAreLeftOutUnlessNamed) {
  fs::create_directories(folder_ / ".git");
  for (auto const* name : {".DS_Store", "Thumbs.db", "b/desktop.ini", ".git/config", "b/.x.jpg"})
    write(name, "1");
  EXPECT_EQ(find({folder_}).size(), 2U);
  EXPECT_EQ(find({folder_ / ".DS_Store"}).size(), 1U);
}

TEST_F(FindFiles, AFileThatChangedSinceIsNotHashed) {
  auto const files = find({folder_ / "a.heic"});
  ASSERT_EQ(files.size(), 1U);
  EXPECT_EQ(sha256_of(files[0]).value(), "6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b");
  write("a.heic", "longer");
  EXPECT_EQ(sha256_of(files[0]).error().code(), Code::conflict);
}

TEST_F(FindFiles, ASourceHandsOutExactlyItsRange) {
  write("c.bin", "0123456789");
  auto const files = find({folder_ / "c.bin"});
  auto heard = std::size_t{0};
  auto source = open_file(files[0], 3, 5, [&](std::size_t bytes) { heard += bytes; });
  ASSERT_TRUE(source);
  auto const text = run_to_end<std::string>([&]() -> Async<std::string> {
    auto all = std::string{};
    auto buffer = std::array<char, 4>{};
    while (true) {
      auto const got = co_await (*source)->read(buffer);
      if (!got) co_return std::unexpected<Error>{got.error()};
      if (*got == 0) co_return all;
      all.append(buffer.data(), *got);
    }
  });
  EXPECT_EQ(text.value(), "34567");
  EXPECT_EQ(heard, 5U);
}

}  // namespace
}  // namespace hoist::cli
