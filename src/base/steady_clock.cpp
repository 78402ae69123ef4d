#include "base/steady_clock.hpp"

#include <algorithm>

#include "base/mutex.hpp"

namespace hoist {
namespace {

constexpr auto slew = 100;  // one part in so many

Micros system_monotonic() {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

SteadyClock::SteadyClock(Clock const& wall, Monotonic monotonic, std::optional<Time> start)
    : wall_{wall}, monotonic_{monotonic ? std::move(monotonic) : Monotonic{system_monotonic}} {
  last_monotonic_ = monotonic_();
  now_ = start.value_or(wall_.now());
}

Time SteadyClock::now() const {
  auto const lock = Lock{mutex_};
  auto const monotonic = monotonic_();
  auto const passed = monotonic - last_monotonic_;
  auto const most = passed / slew;
  // Until a whole microsecond of correction is due, `passed` is left to add up.
  if (most == Micros{0}) return now_ + passed;
  auto const error = wall_.now() - (now_ + passed);
  last_monotonic_ = monotonic;
  now_ += passed + std::clamp(error, -most, most);
  return now_;
}

void SteadyClock::not_before(Time past) {
  auto const lock = Lock{mutex_};
  now_ = std::max(now_, past);
}

}  // namespace hoist
