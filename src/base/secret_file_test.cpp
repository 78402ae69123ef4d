#include "base/secret_file.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <thread>
#include <vector>

#include "base/encode.hpp"
#include "base/id.hpp"

namespace hoist {
namespace {

namespace fs = std::filesystem;

class SecretFile : public ::testing::Test {
 protected:
  SecretFile() { fs::create_directories(folder); }
  ~SecretFile() override { fs::remove_all(folder); }
  fs::perms mode() const { return fs::status(path).permissions(); }

  std::string folder = ::testing::TempDir() + "hoist-secret-" + hex(random_bytes(8));
  std::string path = folder + "/key.pem";
};

TEST_F(SecretFile, IsReadBackAndReplacedAsAWhole) {
  EXPECT_EQ(read_secret_file(path).error().code(), Code::not_found);
  ASSERT_TRUE(write_secret_file(path, "a longer secret"));
  ASSERT_TRUE(write_secret_file(path, "short"));
  EXPECT_EQ(read_secret_file(path), "short");
  EXPECT_EQ(std::distance(fs::directory_iterator{folder}, {}), 1) << "nothing is left beside it";
}

TEST_F(SecretFile, IsItsUsersAlone) {
  ASSERT_TRUE(write_secret_file(path, "secret"));
  EXPECT_EQ(mode(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SecretFile, OfSeveralWhoWriteItAtOnceOneIsWhole) {
  auto const texts = std::array{std::string(100'000, 'a'), std::string(100'000, 'b')};
  auto threads = std::vector<std::jthread>{};
  for (auto const& text : texts)
    threads.emplace_back([&] {
      for (auto i = 0; i < 50; ++i) EXPECT_TRUE(write_secret_file(path, text));
    });
  threads.clear();
  EXPECT_NE(std::ranges::find(texts, *read_secret_file(path)), texts.end());
  EXPECT_EQ(std::distance(fs::directory_iterator{folder}, {}), 1) << "nothing is left beside it";
}

TEST_F(SecretFile, OneThatOthersCanReadIsRefused) {
  ASSERT_TRUE(write_secret_file(path, "secret"));
  fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
  EXPECT_EQ(read_secret_file(path).error().code(), Code::invalid);
}

TEST_F(SecretFile, WhatCannotBeWrittenIsUnavailable) {
  fs::create_directory(path);
  EXPECT_EQ(write_secret_file(path, "new").error().code(), Code::unavailable);
  EXPECT_TRUE(fs::is_directory(path));
}

}  // namespace
}  // namespace hoist
