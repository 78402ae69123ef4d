#include "model/file_types.hpp"

#include <gtest/gtest.h>

namespace hoist {
namespace {

TEST(FileTypes, ADeniedTypeIsRefusedByItsTypeAndByItsName) {
  auto const types = FileTypes{.allowed = {}, .denied = {"application/x-msdownload", ".exe"}};
  EXPECT_TRUE(types.take("photo.jpg", "image/jpeg"));
  EXPECT_TRUE(types.take("README", "text/plain"));
  EXPECT_FALSE(types.take("setup", "application/x-msdownload"));
  EXPECT_FALSE(types.take("setup", "Application/X-MSDownload"));
  for (auto const* name : {"setup.exe", "photo.jpg.EXE", "setup.exe.", "setup.exe . ", ".exe"})
    EXPECT_FALSE(types.take(name, "image/jpeg")) << name;
  EXPECT_TRUE(types.take("exe", "image/jpeg"));
  EXPECT_TRUE(types.take("setup.exe.txt", "text/plain"));
}

TEST(FileTypes, AnAllowListTakesWhatItNamesAndTheDenyListGoesBefore) {
  auto const types = FileTypes{.allowed = {"image/*", ".dwg"}, .denied = {"image/svg+xml"}};
  EXPECT_TRUE(types.take("photo", "image/jpeg"));
  EXPECT_TRUE(types.take("plan.DWG", "application/octet-stream"));
  EXPECT_FALSE(types.take("drawing.svg", "image/svg+xml"));
  EXPECT_FALSE(types.take("notes.txt", "text/plain"));
  EXPECT_FALSE(types.take("notes", ""));
}

TEST(FileTypes, EntriesAreMediaTypesKindsOrExtensions) {
  EXPECT_EQ(read_file_type(" Image/* "), "image/*");
  EXPECT_EQ(read_file_type("application/vnd.ms-excel"), "application/vnd.ms-excel");
  EXPECT_EQ(read_file_type(".DWG"), ".dwg");
  EXPECT_EQ(read_file_type(".7z"), ".7z");
  EXPECT_EQ(read_file_type("a.0/9-z"), "a.0/9-z");
  for (auto const* bad :
       {"", ".", "exe", "*/*", "*", "image/", "/jpeg", "image/j*", ".tar.gz", "a/b/c", "image/a b"})
    EXPECT_FALSE(read_file_type(bad)) << bad;
}

}  // namespace
}  // namespace hoist
