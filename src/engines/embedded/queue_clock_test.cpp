#include "engines/embedded/queue_clock.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

namespace hoist::embedded {
namespace {

using namespace std::chrono_literals;

struct QueueClockTest : ::testing::Test {
  ~QueueClockTest() override { std::filesystem::remove(path); }
  std::unique_ptr<QueueClock> open(QueueClock::Role role) {
    return std::move(QueueClock::open(path, role, wall, [this] { return monotonic; }).value());
  }
  void pass(Micros time) {
    monotonic += time;
    wall.advance(time);
  }
  std::string path = ::testing::TempDir() + "/hoist-clock-" + std::to_string(getpid());
  ManualClock wall;
  Micros monotonic = 5h;
};

TEST_F(QueueClockTest, AProcessStartedAfterTheWallClockWasSetHasTheServersTime) {
  auto const server = open(QueueClock::Role::leads);
  pass(10s);
  auto const before = server->now();
  wall.advance(1h);
  auto const worker = open(QueueClock::Role::follows);
  EXPECT_EQ(worker->now(), before);
  pass(60s);
  EXPECT_EQ(worker->now(), before + 60s);
  EXPECT_EQ(server->now(), before + 60s + 600ms) << "the server corrects by a hundredth";
  EXPECT_EQ(worker->now(), server->now());
}

TEST_F(QueueClockTest, AServerGoesOnWhereTheOneBeforeItWas) {
  auto server = open(QueueClock::Role::leads);
  auto const worker = open(QueueClock::Role::follows);
  auto const before = server->now();
  server.reset();
  wall.advance(-2h);
  pass(1s);
  EXPECT_EQ(worker->now(), before + 1s);
  server = open(QueueClock::Role::leads);
  EXPECT_EQ(server->now(), before + 1s);
  EXPECT_EQ(worker->now(), before + 1s);
}

TEST_F(QueueClockTest, WithoutAServerOfThisBootTheWallClockCounts) {
  auto const tool = open(QueueClock::Role::follows);
  EXPECT_EQ(tool->now(), wall.now());
  wall.advance(1h);
  auto const server = open(QueueClock::Role::leads);
  EXPECT_EQ(server->now(), wall.now());
}

}  // namespace
}  // namespace hoist::embedded
