// Copies of a database as kill -9 leaves it, whole and damaged.
#include "adapters/sqlite/wal_check.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <unistd.h>

#include "adapters/sqlite/connection.hpp"

namespace hoist::sqlite {
namespace {

namespace fs = std::filesystem;

class WalCheckTest : public ::testing::Test {
 protected:
  WalCheckTest() {
    fs::create_directories(folder_);
    connection_ = std::move(Connection::open({.path = live()}).value());
    EXPECT_TRUE(connection_->run_script("CREATE TABLE t (text)"));
    for (auto i = 0; i < 20; ++i)
      EXPECT_TRUE(connection_->run_script("INSERT INTO t VALUES (hex(randomblob(500)))"));
  }
  ~WalCheckTest() override {
    connection_.reset();
    fs::remove_all(folder_);
  }
  [[nodiscard]] std::string live() const { return folder_ + "/live.db"; }
  // What is on disk now, under another name.
  std::string crash() {
    auto const copy = folder_ + "/copy.db";
    for (auto const* part : {"", "-wal", "-shm"})
      fs::copy_file(live() + part, copy + part, fs::copy_options::overwrite_existing);
    return copy;
  }
  static void flip(std::string const& file, std::uintmax_t at, int bit) {
    auto stream = std::fstream{file, std::ios::in | std::ios::out | std::ios::binary};
    stream.seekg(static_cast<std::streamoff>(at));
    auto const byte = static_cast<char>(stream.get() ^ (1 << bit));
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(byte);
  }
  static bool damaged(std::string const& path) { return find_wal_damage(path).value().has_value(); }

  std::string folder_ = (fs::temp_directory_path() / ("hoist-wal-" + std::to_string(::getpid())));
  std::unique_ptr<Connection> connection_;
};

TEST_F(WalCheckTest, ACrashLeavesNoDamage) {
  EXPECT_FALSE(damaged(crash()));
  EXPECT_FALSE(damaged(folder_ + "/none.db"));
  ASSERT_TRUE(connection_->checkpoint(SQLITE_CHECKPOINT_RESTART));
  EXPECT_FALSE(damaged(crash()));
  ASSERT_TRUE(connection_->run_script("INSERT INTO t VALUES ('first of a new round')"));
  EXPECT_FALSE(damaged(crash()));
}

TEST_F(WalCheckTest, ACommitCutShortIsNoDamage) {
  auto const copy = crash();
  auto const committed = fs::file_size(copy + "-wal");
  ASSERT_TRUE(connection_->run_script("INSERT INTO t VALUES (hex(randomblob(20000)))"));
  auto const after = fs::file_size(live() + "-wal");
  ASSERT_GT(after, committed + 8'000);
  fs::copy_file(live() + "-wal", copy + "-wal", fs::copy_options::overwrite_existing);
  fs::resize_file(copy + "-wal", after - 5'000);
  EXPECT_FALSE(damaged(copy)) << "the index is of before";
  flip(copy + "-wal", committed + 100, 3);
  EXPECT_FALSE(damaged(copy));
}

TEST_F(WalCheckTest, EveryFlippedBitOfACommittedPageIsFound) {
  auto random = std::mt19937{1};
  for (auto i = 0; i < 60; ++i) {
    auto const copy = crash();
    auto const size = fs::file_size(copy + "-wal");
    auto const at = std::uniform_int_distribution<std::uintmax_t>{0, size - 1}(random);
    flip(copy + "-wal", at, i % 8);
    EXPECT_TRUE(damaged(copy)) << "byte " << at << " of " << size;
  }
}

TEST_F(WalCheckTest, WithoutItsIndexDamageInTheMiddleIsFound) {
  auto const copy = crash();
  fs::remove(copy + "-shm");
  EXPECT_FALSE(damaged(copy));
  flip(copy + "-wal", fs::file_size(copy + "-wal") / 2, 0);
  EXPECT_TRUE(damaged(copy));
}

TEST_F(WalCheckTest, AShorterOrMissingWalIsFound) {
  auto copy = crash();
  fs::resize_file(copy + "-wal", fs::file_size(copy + "-wal") / 2);
  EXPECT_TRUE(damaged(copy));
  fs::resize_file(copy + "-wal", 0);
  EXPECT_TRUE(damaged(copy));
  fs::remove(copy + "-wal");
  EXPECT_TRUE(damaged(copy));
}

TEST_F(WalCheckTest, WhatIsInTheDatabaseAlreadyIsNotMissed) {
  ASSERT_TRUE(connection_->checkpoint(SQLITE_CHECKPOINT_PASSIVE));
  auto const copy = crash();
  fs::remove(copy + "-wal");
  EXPECT_FALSE(damaged(copy));
}

}  // namespace
}  // namespace hoist::sqlite
