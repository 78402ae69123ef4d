// Two processes write one database: neither loses what the other committed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/sqlite/connection.hpp"

namespace hoist::sqlite {
namespace {

constexpr auto rounds = 12;
constexpr auto rows_each = 50;

std::int64_t number(Connection& connection, std::string_view sql) {
  auto const statement = connection.prepare(sql);
  auto rows = sql::Rows{};
  if (!statement || !(*statement)->run(connection.handle(), {}, &rows) || rows.empty()) return -1;
  return rows[0].integer(0);
}

// The other process: commits rows each time it is told to, until it is told no more.
class OtherWriter {
 public:
  explicit OtherWriter(std::string const& path) {
    if (::pipe(orders_) != 0 || ::pipe(answers_) != 0) std::abort();
    child_ = ::fork();
    if (child_ == 0) work(path);
    ::close(orders_[0]);
    ::close(answers_[1]);
  }
  ~OtherWriter() {
    ::close(orders_[1]);
    ::close(answers_[0]);
    ::waitpid(child_, nullptr, 0);
  }
  bool commit_rows() {
    auto byte = char{'c'};
    return ::write(orders_[1], &byte, 1) == 1 && ::read(answers_[0], &byte, 1) == 1 && byte == 'y';
  }

 private:
  [[noreturn]] void work(std::string const& path) {
    ::close(orders_[1]);
    ::close(answers_[0]);
    auto connection = std::unique_ptr<Connection>{};
    for (auto byte = char{}; ::read(orders_[0], &byte, 1) == 1;) {
      if (!connection) connection = std::move(Connection::open({.path = path, .checkpoints = false}).value());
      auto const done = connection->run_script(
          "INSERT INTO theirs WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50)"
          " SELECT i, hex(randomblob(400)) FROM n");
      byte = done ? 'y' : 'n';
      if (::write(answers_[1], &byte, 1) != 1) break;
    }
    ::_exit(0);
  }

  int orders_[2] = {};
  int answers_[2] = {};
  pid_t child_ = -1;
};

struct TwoProcessesTest : ::testing::TestWithParam<bool> {
  TwoProcessesTest() {
    std::filesystem::create_directories(folder);
    other = std::make_unique<OtherWriter>(path);  // before this process has threads or connections
    ours = std::move(Connection::open({.path = path, .cache_kib = 256}).value());
    // With spilling, as any connection does that was not told otherwise, the file layer has to do it alone.
    if (GetParam()) EXPECT_TRUE(ours->run_script("PRAGMA cache_spill = ON; PRAGMA cache_spill = 20"));
    EXPECT_TRUE(ours->run_script("CREATE TABLE ours (text); CREATE TABLE theirs (i, text)"));
  }
  ~TwoProcessesTest() override {
    ours.reset();
    other.reset();
    std::filesystem::remove_all(folder);
  }
  // A little more than the cache holds: what is written early lies where the next commit belongs.
  bool take_back_a_large_batch(int rows) {
    auto const insert = fmt::format(
        "INSERT INTO ours WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {})"
        " SELECT hex(randomblob(1900)) FROM n",
        rows);
    return ours->run_script("BEGIN IMMEDIATE").has_value() && ours->run_script(insert).has_value() &&
           ours->run_script("ROLLBACK").has_value();
  }

  std::string folder = (std::filesystem::temp_directory_path() / ("hoist-two-" + std::to_string(::getpid())));
  std::string path = folder + "/hoist.db";
  std::unique_ptr<OtherWriter> other;
  std::unique_ptr<Connection> ours;
};

TEST_P(TwoProcessesTest, WhatTheOtherCommitsStaysThoughLargeBatchesAreTakenBackMeanwhile) {
  for (auto round = 1; round <= rounds; ++round) {
    ASSERT_TRUE(take_back_a_large_batch(60 + 4 * round));
    ASSERT_TRUE(other->commit_rows());
    EXPECT_EQ(number(*ours, "SELECT count(*) FROM theirs"), rows_each * round);
    if (round % 3 == 0) EXPECT_TRUE(ours->run_script("INSERT INTO ours VALUES ('kept')"));
  }
  ASSERT_TRUE(take_back_a_large_batch(80));
  ASSERT_TRUE(other->commit_rows());
  ours.reset();  // closing writes nothing of its own either
  ours = std::move(Connection::open({.path = path}).value());
  EXPECT_EQ(number(*ours, "SELECT count(*) FROM theirs"), rows_each * (rounds + 1));
  EXPECT_EQ(number(*ours, "SELECT count(*) FROM ours"), rounds / 3);
  EXPECT_EQ(number(*ours, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check != 'ok'"), 0);
}

INSTANTIATE_TEST_SUITE_P(Cache, TwoProcessesTest, ::testing::Bool(),
                         [](auto const& with) { return with.param ? "Spills" : "AsOpened"; });

}  // namespace
}  // namespace hoist::sqlite
