// A clock for leases and retries: it starts at the wall clock and from then on follows the
// monotonic one, so that an operator who sets the wall clock by an hour neither makes every lease
// lapse at once nor parks every retry for an hour. It closes in on the wall clock slowly, by at
// most one part in a hundred of the time that passes, and never runs backwards.
//
// Threads  any.
// Lifetime the wall clock outlives it.
#pragma once

#include <functional>
#include <optional>

#include "base/mutex.hpp"
#include "base/time.hpp"

namespace hoist {

class SteadyClock final : public Clock {
 public:
  using Monotonic = std::function<Micros()>;
  // Starts at `start`, or else with the wall clock.
  explicit SteadyClock(Clock const& wall, Monotonic monotonic = {}, std::optional<Time> start = std::nullopt);
  [[nodiscard]] Time now() const override;
  // Goes on from `past` if it is not there yet: from a time that the caller already knows to be past.
  void not_before(Time past);

 private:
  Clock const& wall_;
  Monotonic monotonic_;
  mutable Mutex mutex_;
  mutable Micros last_monotonic_ HOIST_GUARDED_BY(mutex_);
  mutable Time now_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist
