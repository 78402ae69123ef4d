#include "base/worker_loops.hpp"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace hoist {
namespace {

using namespace std::chrono_literals;

struct WorkerLoopsTest : ::testing::Test {
  asio::io_context context;
  std::shared_ptr<WorkerLoops> loops = std::make_shared<WorkerLoops>();
  int started = 0;
  int ended = 0;

  void start(int count) {
    loops->start(count, {context.get_executor()}, [this, mine = loops]() -> asio::awaitable<void> {
      ++started;
      while (!mine->stopping()) co_await mine->pause(1h);
      ++ended;
    });
    context.poll();
  }
  Result<bool> stop(std::chrono::milliseconds grace) {
    auto answer = Result<bool>{fail(Code::internal)};
    spawn(context.get_executor(), [&]() -> asio::awaitable<void> { answer = co_await loops->stop(grace); });
    context.restart();
    context.run();
    return answer;
  }
};

TEST_F(WorkerLoopsTest, AllRunUntilTheyAreToldToStopAndAPauseEndsEarly) {
  start(3);
  EXPECT_EQ(started, 3);
  EXPECT_EQ(ended, 0);
  EXPECT_EQ(stop(10s), true);
  EXPECT_EQ(ended, 3);
}

TEST_F(WorkerLoopsTest, OneThatDoesNotEndInTimeIsTold) {
  auto stubborn = Signal{};
  loops->start(1, {context.get_executor()}, [&]() -> asio::awaitable<void> {
    (void)co_await stubborn.wait(stubborn.ticket(), deadline_in(100ms));
  });
  EXPECT_EQ(stop(1ms), false);
  EXPECT_EQ(stop(1ms), true) << "it has ended meanwhile";
}

TEST_F(WorkerLoopsTest, WithoutLanesThereIsNothingToWaitFor) {
  EXPECT_EQ(stop(0ms), true);
}

}  // namespace
}  // namespace hoist
