#include "engines/memory/engine.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace hoist::memory {
namespace {

namespace fs = std::filesystem;

class MemoryEngine : public testing::Test {
 protected:
  ~MemoryEngine() override { fs::remove_all(path_); }
  Result<std::unique_ptr<Engine>> open(Mode mode = Mode::serve) {
    auto options = EngineOptions{};
    options.data = path_;
    options.buckets = {"hoist", "hoist-quarantine"};
    return Engine::open(std::move(options), {}, mode, metrics_);
  }
  Metrics metrics_;
  std::string path_ = testing::TempDir() + "/hoist-memory-" + std::to_string(getpid());
};

TEST_F(MemoryEngine, LeavesNothing) {
  {
    auto const engine = open();
    ASSERT_TRUE(engine) << engine.error().to_string();
    std::ofstream{(*engine)->path("cli.json")} << "{}";
    EXPECT_EQ(open().error().code(), Code::unavailable) << "one server a folder";
    EXPECT_TRUE(fs::exists((*engine)->path("keys/s3.json"))) << "operators' S3 tools look there";
    EXPECT_TRUE(fs::exists(path_ + "/cli.json"));
  }
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(MemoryEngine, TakesTheFolderOfOneThatWasKilledButNoOther) {
  fs::create_directories(path_ + "/keys");
  std::ofstream{path_ + "/keys/old.pem"} << "{}";
  EXPECT_EQ(open().error().code(), Code::conflict);
  EXPECT_TRUE(fs::exists(path_ + "/keys/old.pem"));
  std::ofstream{path_ + "/nothing-is-kept"} << "";
  auto const engine = open();
  ASSERT_TRUE(engine) << engine.error().to_string();
  EXPECT_FALSE(fs::exists(path_ + "/keys/old.pem"));
  EXPECT_TRUE(fs::exists(path_ + "/spool"));
}

TEST_F(MemoryEngine, HasNothingForASecondProcess) {
  for (auto const mode : {Mode::beside, Mode::repair}) EXPECT_EQ(open(mode).error().code(), Code::conflict);
  EXPECT_FALSE(fs::exists(path_));
}

}  // namespace
}  // namespace hoist::memory
