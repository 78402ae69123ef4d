// Coroutines of one kind that work until they are told to stop: the receivers of a queue.
//
// Threads   any; lanes are spread over the executors.
// Lifetime  what `lane` captures keeps this object alive, as a shared state that holds both does.
#pragma once

#include <atomic>
#include <functional>
#include <vector>

#include "base/async.hpp"

namespace hoist {

class WorkerLoops {
 public:
  // Each lane is one run of `lane`, which ends soon after stopping() has become true.
  void start(int count, std::vector<asio::any_io_executor> const& executors,
             std::function<asio::awaitable<void>()> const& lane);
  [[nodiscard]] bool stopping() const { return stopping_; }
  // What a lane waits with: ends early when a stop is asked for.
  asio::awaitable<void> pause(std::chrono::steady_clock::duration delay);
  void ask_to_stop();
  // Asks and waits; false: some go on after `grace`. Errors: cancelled.
  Async<bool> stop(std::chrono::milliseconds grace);

 private:
  std::atomic<bool> stopping_ = false;
  std::atomic<int> running_ = 0;
  Signal asked_;
  Signal ended_;
};

}  // namespace hoist
