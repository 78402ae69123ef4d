// When a failed call is tried again, and when not.
//
// Source   "Exponential Backoff And Jitter" (AWS Architecture Blog), full jitter; "Retry behavior" of the AWS
// SDKs
//          and Tools Reference Guide, standard mode, for the budget.
#pragma once

#include <chrono>
#include <functional>

#include "base/mutex.hpp"

namespace hoist::aws {

struct RetryOptions {
  int attempts_max = 3;
  std::chrono::milliseconds first_pause{50};  // the longest before the second attempt; doubles with every one
  std::chrono::milliseconds pause_max{5'000};
  std::function<double()> random;  // in [0, 1); absent: of the system
};

// Anything between nothing and the exponential pause before attempt number `attempt`, which is 2 or more.
[[nodiscard]] std::chrono::milliseconds full_jitter(RetryOptions const& options, int attempt);

// What all calls of one service may spend on retries together: while it is well, as many as they like; once
// most fail, next to none, so that retries do not keep a service down.
// Threads  any.
class RetryBudget {
 public:
  static constexpr int full = 500;
  static constexpr int retry_cost = 5;
  static constexpr int success_gain = 1;
  [[nodiscard]] bool take();  // false: nothing is left for a retry
  // Its call succeeded in the end: what its last retry cost comes back, and 1 where there was none.
  void give_back(bool retried);

 private:
  Mutex mutex_;
  int left_ HOIST_GUARDED_BY(mutex_) = full;
};

}  // namespace hoist::aws
