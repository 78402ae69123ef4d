#include "base/pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace hoist {
namespace {

TEST(Pool, AFullQueueAnswersUnavailableInsteadOfWaiting) {
  auto started = std::latch{1};
  auto release = std::latch{1};
  auto pool = Pool{{.name = "test", .threads = 1, .queue_max = 1}};  // ends first: its work uses the latches
  ASSERT_TRUE(pool.try_post([&] {
    started.count_down();
    release.wait();
  }));
  started.wait();
  ASSERT_TRUE(pool.try_post([] {}));
  auto const refused = run_to_end<int>([&]() -> Async<int> {
    auto work = std::move_only_function<Result<int>()>{[] { return 1; }};
    co_return co_await run_blocking<int>(pool, std::move(work));
  });
  release.count_down();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable);
  EXPECT_TRUE(refused.error().retry_after_s());
}

TEST(Pool, RunBlockingResumesTheCallerWithTheResult) {
  auto pool = Pool{{.name = "test", .threads = 2}};
  auto const result = run_to_end<int>([&]() -> Async<int> {
    auto sum = 0;
    for (int i = 0; i < 100; ++i) {
      auto work = std::move_only_function<Result<int>()>{[i] { return i; }};
      auto const one = co_await run_blocking<int>(pool, std::move(work));
      sum += *one;
    }
    co_return sum;
  });
  EXPECT_EQ(*result, 4950);
}

TEST(Signal, ANotifyBetweenTicketAndWaitIsNotLost) {
  auto const woke = run_to_end<bool>([]() -> Async<bool> {
    auto signal = Signal{};
    auto const ticket = signal.ticket();
    signal.notify();
    co_return co_await signal.wait(ticket, deadline_in(std::chrono::hours{1}));
  });
  EXPECT_TRUE(*woke);
}

TEST(Signal, WakesAWaiterFromAnotherThread) {
  auto pool = Pool{{.name = "test", .threads = 1}};
  auto const woke = run_to_end<bool>([&]() -> Async<bool> {
    auto signal = Signal{};
    auto const ticket = signal.ticket();
    (void)pool.try_post([&] { signal.notify(); });
    co_return co_await signal.wait(ticket, deadline_in(std::chrono::hours{1}));
  });
  EXPECT_TRUE(*woke);
}

}  // namespace
}  // namespace hoist
