#include "base/mutex.hpp"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace hoist {
namespace {

class Counter {
 public:
  void add() {
    auto const lock = Lock{mutex_};
    if (++count_ == 4) reached_.notify_all();
  }
  [[nodiscard]] bool wait_for_four(std::chrono::steady_clock::time_point end) {
    auto const lock = Lock{mutex_};
    while (count_ < 4)
      if (!reached_.wait_until(mutex_, end)) return count_ >= 4;
    return true;
  }

 private:
  Mutex mutex_;
  Condition reached_;
  int count_ HOIST_GUARDED_BY(mutex_) = 0;
};

TEST(Mutex, AConditionIsSeenByWhoeverWaits) {
  auto counter = Counter{};
  auto threads = std::vector<std::thread>{};
  for (auto i = 0; i < 4; ++i) threads.emplace_back([&] { counter.add(); });
  EXPECT_TRUE(counter.wait_for_four(std::chrono::steady_clock::time_point::max()));
  for (auto& thread : threads) thread.join();
}

TEST(Mutex, WaitingEndsAtItsTime) {
  auto counter = Counter{};
  EXPECT_FALSE(counter.wait_for_four(std::chrono::steady_clock::now()));
}

TEST(Mutex, ALockThatWasLetGoEarlyIsFree) {
  auto mutex = Mutex{};
  auto lock = Lock{mutex};
  lock.unlock();
  std::thread{[&] { auto const other = Lock{mutex}; }}.join();
  lock.lock();
}

}  // namespace
}  // namespace hoist
