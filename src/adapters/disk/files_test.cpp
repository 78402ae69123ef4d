#include "adapters/disk/files.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

int sync_fails_with = 0;

}  // namespace

// In the place of the C library's, so that a disk fails when a test says so.
extern "C" int fdatasync(int file) {
  if (sync_fails_with == 0) return static_cast<int>(::syscall(SYS_fdatasync, file));
  errno = sync_fails_with;
  return -1;
}

namespace hoist::disk {
namespace {

class DiskFiles : public ::testing::Test {
 protected:
  ~DiskFiles() override { sync_fails_with = 0; }
  Fd file{::memfd_create("hoist", MFD_CLOEXEC)};
};

TEST_F(DiskFiles, ASyncWithoutRoomForItIsAnErrorOfItsFileAlone) {
  for (auto const error : {ENOSPC, EDQUOT}) {
    sync_fails_with = error;
    auto const synced = sync_file(file);
    ASSERT_FALSE(synced);
    EXPECT_EQ(synced.error().code(), Code::storage_full) << error;
  }
}

TEST_F(DiskFiles, AnyOtherSyncThatFailsEndsTheProcess) {
  sync_fails_with = EIO;
  EXPECT_DEATH({ [[maybe_unused]] auto const synced = sync_file(file); }, "");
}

// The kernel gives less than was asked for of what it makes up as it is read.
TEST_F(DiskFiles, WhatIsReadInPiecesIsWhole) {
  constexpr auto path = "/proc/kallsyms";
  auto stream = std::ifstream{path};
  auto const expected = std::string{std::istreambuf_iterator<char>{stream}, {}}.substr(0, 100'000);
  if (expected.size() < 100'000) GTEST_SKIP() << path << " is not here or too short";
  auto const made_up = Fd{::open(path, O_RDONLY | O_CLOEXEC)};
  auto read = std::string(expected.size(), '\0');
  ASSERT_TRUE(read_at(made_up, read, 0));
  EXPECT_EQ(read, expected);
  auto later = std::string(50'000, '\0');
  ASSERT_TRUE(read_at(made_up, later, 50'000));
  EXPECT_EQ(later, expected.substr(50'000));
}

TEST_F(DiskFiles, AFileThatEndsTooEarlyIsDamaged) {
  ASSERT_TRUE(write_at(file, "bytes", 0));
  auto buffer = std::string(6, '\0');
  EXPECT_EQ(read_at(file, buffer, 0).error().code(), Code::corrupt);
}

}  // namespace
}  // namespace hoist::disk
