#include "engines/embedded/witness.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "adapters/memory/wakeups.hpp"
#include "adapters/sqlite/database.hpp"

namespace hoist::embedded {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class WitnessTest : public ::testing::Test {
 protected:
  ~WitnessTest() override { fs::remove_all(path_); }

  // A server that starts, notes and ends. `crashes` leaves behind what kill -9 would.
  struct Server {
    explicit Server(WitnessTest& test) : folder{std::move(DataFolder::open(test.path_).value())} {}
    Witness::Problems start() {
      witness = std::move(Witness::open(folder).value());
      auto problems = witness->look_at_files().value();
      database = std::move(
          sqlite::open_database({.path = folder.path("hoist.db"), .readers = 1}, {clock, wakeups}, metrics)
              .value());
      for (auto& problem : witness->look_at("hoist.db", *database).value())
        problems.push_back(std::move(problem));
      EXPECT_TRUE(run_to_end<void>([&] { return witness->note(files, deadline_in(30s)); }));
      use = std::make_unique<Witness::Use>(folder);
      return problems;
    }
    DataFolder folder;
    Metrics metrics;
    SystemClock clock;
    memory::Wakeups wakeups;
    Pool files{{.name = "files"}};
    std::unique_ptr<Witness> witness;
    std::unique_ptr<sql::Database> database;
    std::unique_ptr<Witness::Use> use;
  };
  Witness::Problems run_and_stop() { return Server{*this}.start(); }
  // What is on disk while a server runs is what its crash leaves.
  void run_and_crash() {
    auto const left = path_ + "-left";
    fs::remove_all(left);
    {
      auto server = Server{*this};
      EXPECT_TRUE(server.start().empty());
      fs::copy(path_, left, fs::copy_options::recursive);
    }
    fs::remove_all(path_);
    fs::rename(left, path_);
  }
  [[nodiscard]] std::string file(std::string_view name) const { return path_ + "/" + std::string{name}; }

  std::string path_ = ::testing::TempDir() + "/hoist-witness-" + std::to_string(getpid());
};

bool tells_of(Witness::Problems const& problems, std::string_view what) {
  return problems.size() == 1 && problems[0].contains(what);
}

TEST_F(WitnessTest, WhatWasLeftIsFoundAgain) {
  EXPECT_TRUE(run_and_stop().empty());
  EXPECT_FALSE(fs::exists(file("running")));
  EXPECT_TRUE(run_and_stop().empty());
  run_and_crash();
  EXPECT_TRUE(fs::exists(file("running")));
  auto server = Server{*this};
  EXPECT_TRUE(server.start().empty());
  EXPECT_TRUE(server.witness->unclean());
}

TEST_F(WitnessTest, AMissingOrEmptyDatabaseIsNamed) {
  run_and_stop();
  fs::resize_file(file("hoist.db"), 0);
  EXPECT_TRUE(
      Witness::open(DataFolder::open(path_).value()).value()->look_at_files()->at(0).contains("hoist.db"));
  fs::remove(file("hoist.db"));
  auto const problems = run_and_stop();
  ASSERT_EQ(problems.size(), 2U);
  EXPECT_TRUE(problems[0].contains("missing or empty"));
  EXPECT_TRUE(problems[1].contains("another database"));
  EXPECT_TRUE(run_and_stop().empty()) << "accepted once is accepted";
}

TEST_F(WitnessTest, ADatabaseOfAnEarlierTimeIsNamed) {
  run_and_stop();
  fs::copy_file(file("hoist.db"), file("backup"));
  run_and_stop();
  fs::copy_file(file("backup"), file("hoist.db"), fs::copy_options::overwrite_existing);
  EXPECT_TRUE(tells_of(run_and_stop(), "older than the data folder"));
}

TEST_F(WitnessTest, AMissingWalIsNamedAfterACrashOnly) {
  run_and_stop();
  EXPECT_FALSE(fs::exists(file("hoist.db-wal")));
  run_and_crash();
  fs::remove(file("hoist.db-wal"));
  fs::remove(file("hoist.db-shm"));
  auto const problems = Witness::open(DataFolder::open(path_).value()).value()->look_at_files().value();
  EXPECT_TRUE(tells_of(problems, "hoist.db-wal is missing"));
}

TEST_F(WitnessTest, AKeyThatWasThereIsMissed) {
  std::ignore = DataFolder::open(path_);
  std::ofstream{file("keys/event_log.pem")} << "key";
  run_and_stop();
  fs::remove(file("keys/event_log.pem"));
  EXPECT_TRUE(tells_of(run_and_stop(), "keys/event_log.pem is missing"));
}

TEST_F(WitnessTest, StoredFilesWithoutADatabaseAreRefusedWithoutAWitnessToo) {
  std::ignore = DataFolder::open(path_);
  std::ofstream{file("objects/file")} << "bytes";
  auto const folder = std::move(DataFolder::open(path_).value());
  auto const problems = Witness::open(folder).value()->look_at_files().value();
  EXPECT_TRUE(tells_of(problems, "files are stored beside it"));
  auto const refused = refuse(problems, folder);
  ASSERT_FALSE(refused);
  EXPECT_TRUE(refused.error().detail().contains("hoist doctor --recover --data"));
}

}  // namespace
}  // namespace hoist::embedded
