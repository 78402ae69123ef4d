#include "base/periodic.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace hoist {
namespace {

using namespace std::chrono_literals;

struct PeriodicTest : ::testing::Test {
  ~PeriodicTest() override {
    periodic.stop();
    work.reset();
  }
  asio::io_context context;
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::jthread thread{[this] { context.run(); }};
  Periodic periodic{context.get_executor(), 5ms};
  std::atomic<int> runs = 0;

  void wait_for_runs(int count) {
    for (auto now = runs.load(); now < count; now = runs.load()) runs.wait(now);
  }
  // Runs, then answers what `answer` says.
  void add(std::chrono::milliseconds interval, std::function<Result<bool>()> answer) {
    periodic.add("job", interval, [this, answer]() -> Async<bool> {
      auto const outcome = answer();
      ++runs;
      runs.notify_all();
      co_return outcome;
    });
  }
};

TEST_F(PeriodicTest, AJobRunsAtOnceAndThenAfterEachInterval) {
  add(1ms, [] { return false; });
  wait_for_runs(4);
}

TEST_F(PeriodicTest, AJobWithMoreToDoDoesNotWaitItsInterval) {
  add(1h, [this] { return runs < 3; });
  wait_for_runs(4);
}

TEST_F(PeriodicTest, AFailedJobIsTriedAgainSoonerThanNever) {
  add(1ms, [this]() -> Result<bool> {
    if (runs < 5) return fail(Code::unavailable);
    return false;
  });
  wait_for_runs(6);
}

TEST_F(PeriodicTest, StoppingEndsJobsThatWaitAndMayBeRepeated) {
  add(1h, [] { return false; });
  wait_for_runs(1);
  periodic.stop();
  periodic.stop();
  EXPECT_EQ(runs, 1);
}

TEST(RetryDelay, DoublesWithJitterUpToTheLimit) {
  EXPECT_EQ(retry_delay(100ms, 0, 1s), 100ms);
  for (auto failures = 1; failures < 70; ++failures) {
    auto const ceiling = std::min<std::chrono::milliseconds>(100ms * (1LL << std::min(failures, 20)), 1s);
    auto const delay = retry_delay(100ms, failures, 1s);
    EXPECT_GE(delay, ceiling / 2);
    EXPECT_LE(delay, ceiling);
  }
}

TEST(RetryDelay, OfALongIntervalStaysNearIt) {
  for (auto failures = 1; failures < 70; ++failures) {
    EXPECT_GE(retry_delay(10min, failures, 30s), 5min);
    EXPECT_LE(retry_delay(10min, failures, 30s), 10min);
  }
}

}  // namespace
}  // namespace hoist
