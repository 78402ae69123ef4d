// How long to wait before what failed is tried again, and how much all callers may spend on trying again.
//
// Source   "Exponential Backoff And Jitter" (AWS Architecture Blog); "Retry behavior" of the AWS SDKs and
// Tools
//          Reference Guide, standard mode, for the budget.
#pragma once

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace hoist {

// A pause that doubles with every failure, and differs between those who failed together, so that they do not
// come back together.
struct Backoff {
  Micros first;  // after the first failure
  Micros longest;
  // Jitter: what is waited lies between these shares of the pause. 0 and 1 are "full jitter", 1 and 1 none.
  double least = 0.5;
  double most = 1;

  // After `failures` of them, 1 or more. `luck` in [0, 1) chooses within the jitter; absent, the system does.
  [[nodiscard]] Micros after(std::int64_t failures, double luck) const;
  [[nodiscard]] Micros after(std::int64_t failures) const;
};

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

}  // namespace hoist
