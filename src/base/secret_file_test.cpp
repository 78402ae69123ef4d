#include "base/secret_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

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

TEST_F(SecretFile, IsItsUsersAloneEvenWhereACrashLeftAnOpenOne) {
  std::ofstream{path + ".new"} << "left";
  fs::permissions(path + ".new", fs::perms::all);
  ASSERT_TRUE(write_secret_file(path, "secret"));
  EXPECT_EQ(mode(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SecretFile, OneThatOthersCanReadIsRefused) {
  ASSERT_TRUE(write_secret_file(path, "secret"));
  fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
  EXPECT_EQ(read_secret_file(path).error().code(), Code::invalid);
}

TEST_F(SecretFile, WhatCannotBeWrittenLeavesTheOldOne) {
  ASSERT_TRUE(write_secret_file(path, "old"));
  fs::create_directory(path + ".new");
  std::ofstream{path + ".new/in the way"} << "x";
  EXPECT_EQ(write_secret_file(path, "new").error().code(), Code::unavailable);
  EXPECT_EQ(read_secret_file(path), "old");
}

}  // namespace
}  // namespace hoist
