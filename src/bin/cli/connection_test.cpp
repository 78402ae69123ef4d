#include "bin/cli/connection.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hoist::cli {
namespace {

class ConnectWith : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("hoist-connection-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
    std::ofstream{folder_ / "cli.json"}
        << R"({"api":"http://127.0.0.1:1","objects":"http://127.0.0.1:2","token":"t"})";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path folder_;
};

TEST_F(ConnectWith, TheDataFolderNamesServerAndToken) {
  auto const connection = connect_with({.server = "", .token = "", .data = folder_});
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->api, "http://127.0.0.1:1");
  EXPECT_EQ(connection->token, "t");
}

TEST_F(ConnectWith, TheDataFoldersTokenIsNotSentToAnotherServer) {
  auto const connection = connect_with({.server = "http://elsewhere", .token = "", .data = folder_});
  ASSERT_FALSE(connection);
  EXPECT_EQ(connection.error().code(), Code::unauthenticated);
}

TEST_F(ConnectWith, SlashesAtTheEndAreDropped) {
  auto const connection = connect_with({.server = "http://elsewhere//", .token = "x", .data = ""});
  ASSERT_TRUE(connection);
  EXPECT_EQ(connection->api, "http://elsewhere");
}

TEST_F(ConnectWith, AFolderWithoutServerSaysWhatToDo) {
  auto const connection = connect_with({.server = "", .token = "", .data = (folder_ / "none").string()});
  ASSERT_FALSE(connection);
  EXPECT_NE(connection.error().detail().find("hoist serve"), std::string::npos);
}

}  // namespace
}  // namespace hoist::cli
