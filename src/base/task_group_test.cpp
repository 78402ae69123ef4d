#include "base/task_group.hpp"

#include <gtest/gtest.h>

#include "base/runtime.hpp"
#include "base/try.hpp"

namespace hoist {
namespace {

using namespace std::chrono_literals;

class TaskGroups : public ::testing::Test {
 protected:
  TaskGroups() { runtime_.start(); }

  // A task that runs until finish() is called.
  bool spawn_one() {
    return tasks_.spawn(runtime_.next_executor(), [this]() -> asio::awaitable<void> {
      auto const ticket = may_finish_.ticket();
      if (!finished_) (void)co_await may_finish_.wait(ticket, deadline_in(30s));
      ++ended_;
    });
  }
  void finish() {
    finished_ = true;
    may_finish_.notify();
  }
  Result<bool> drain(std::chrono::steady_clock::duration patience) {
    return run_to_end<bool>([&] { return tasks_.drain(deadline_in(patience)); });
  }

  std::atomic<bool> finished_ = false;
  std::atomic<int> ended_ = 0;
  Signal may_finish_;
  TaskGroup tasks_;
  Runtime runtime_{2};
};

TEST_F(TaskGroups, DrainWaitsForEveryTask) {
  for (auto i = 0; i < 5; ++i) ASSERT_TRUE(spawn_one());
  finish();
  EXPECT_EQ(drain(30s), true);
  EXPECT_EQ(ended_, 5);
}

TEST_F(TaskGroups, DrainSaysWhenTasksOutlastItsDeadline) {
  ASSERT_TRUE(spawn_one());
  EXPECT_EQ(drain(0s), false);
  EXPECT_EQ(ended_, 0);
  finish();
  EXPECT_EQ(drain(30s), true);
}

TEST_F(TaskGroups, ADrainedGroupStartsNothing) {
  EXPECT_EQ(drain(30s), true);
  EXPECT_FALSE(spawn_one());
  EXPECT_EQ(ended_, 0);
}

TEST_F(TaskGroups, APauseEndsWhenTheGroupIsDrained) {
  ASSERT_TRUE(tasks_.spawn(runtime_.next_executor(), [this]() -> asio::awaitable<void> {
    while (!tasks_.draining()) (void)co_await tasks_.pause(24h);
    ++ended_;
  }));
  EXPECT_EQ(drain(30s), true);
  EXPECT_EQ(ended_, 1);
}

TEST_F(TaskGroups, ATaskThatIsAbandonedWithItsRuntimeCountsAsEnded) {
  auto tasks = TaskGroup{};
  {
    auto runtime = Runtime{1};
    auto never = std::make_shared<Signal>();
    tasks.spawn(runtime.next_executor(), [never]() -> asio::awaitable<void> {
      (void)co_await never->wait(never->ticket(), deadline_in(24h));
    });
    runtime.start();
  }
  EXPECT_EQ(run_to_end<bool>([&] { return tasks.drain(deadline_in(30s)); }), true);
}

}  // namespace
}  // namespace hoist
