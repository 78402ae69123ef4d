#include "engines/data_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

#include "engines/s3_credentials.hpp"
#include "engines/secret_files.hpp"

namespace hoist {
namespace {

class DataFolderTest : public testing::Test {
 protected:
  ~DataFolderTest() override { std::filesystem::remove_all(path_); }
  std::string path_ = testing::TempDir() + "/hoist-data-" + std::to_string(getpid());
};

TEST_F(DataFolderTest, CredentialsAreMadeOnceAndKept) {
  auto folder = DataFolder::open(path_);
  ASSERT_TRUE(folder);
  EXPECT_TRUE(folder->created());
  auto secrets = SecretFiles{*folder};
  auto const first = load_or_create_s3_credentials(secrets, "us-east-1", "hoist");
  auto const second = load_or_create_s3_credentials(secrets, "us-east-1", "hoist");
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->root.secret_access_key, second->root.secret_access_key);
  EXPECT_NE(first->root.access_key_id, first->signer.access_key_id);
}

TEST_F(DataFolderTest, O3_ASecretThatOthersCanReadIsRefused) {
  auto folder = DataFolder::open(path_);
  auto secrets = SecretFiles{*folder};
  ASSERT_TRUE(load_or_create_s3_credentials(secrets, "us-east-1", "hoist"));
  ASSERT_EQ(::chmod(folder->path("keys/s3.json").c_str(), 0644), 0);
  auto const refused = load_or_create_s3_credentials(secrets, "us-east-1", "hoist");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail().find("chmod 600"), std::string::npos);
}

TEST_F(DataFolderTest, WhatIsInItIsTheOwnersAlone) {
  auto const mode_of = [](std::string const& file) {
    struct stat status{};
    return ::stat(file.c_str(), &status) == 0 ? status.st_mode & 0777 : 0;
  };
  ::umask(022);
  std::filesystem::create_directories(path_ + "/clamd");
  for (auto const* name : {"/hoist.db", "/clamd/clamd.log"}) std::ofstream{path_ + name} << "old";
  auto folder = DataFolder::open(path_);
  ASSERT_TRUE(folder);
  std::ofstream{folder->path("clamd/new")} << "new";
  for (auto const* name : {"hoist.db", "clamd/clamd.log", "clamd/new"})
    EXPECT_EQ(mode_of(folder->path(name)), 0600U) << name;
}

TEST_F(DataFolderTest, O3_TwoServersCannotShareAFolder) {
  auto first = DataFolder::open(path_);
  auto second = DataFolder::open(path_);
  EXPECT_FALSE(second->is_served());
  EXPECT_TRUE(first->lock());
  EXPECT_TRUE(second->is_served());
  auto const refused = second->lock();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable);
}

}  // namespace
}  // namespace hoist
