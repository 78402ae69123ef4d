// The database's time as this process last heard of it, carried on by the monotonic clock: for what is
// decided outside of a transaction. It is off by the time that an answer travels, and never runs backwards.
// Threads  any.
#pragma once

#include <atomic>

#include "base/time.hpp"

namespace hoist::postgres {

class ServerClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
  void heard(Time time);

 private:
  [[nodiscard]] static std::int64_t monotonic_us();

  std::atomic<std::int64_t> ahead_us_ = 0;  // of the monotonic clock
  mutable std::atomic<std::int64_t> latest_us_ = 0;
};

}  // namespace hoist::postgres
