#include "adapters/postgres/clock.hpp"

#include <algorithm>
#include <chrono>

namespace hoist::postgres {

std::int64_t ServerClock::monotonic_us() {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void ServerClock::heard(Time time) {
  ahead_us_ = to_us(time) - monotonic_us();
}

Time ServerClock::now() const {
  auto const now = monotonic_us() + ahead_us_.load();
  auto latest = latest_us_.load();
  while (latest < now && !latest_us_.compare_exchange_weak(latest, now)) {
  }
  return from_us(std::max(latest, now));
}

}  // namespace hoist::postgres
