// Time, and where it comes from.
//
// Units    Time is microseconds since 1970, UTC; SQL and JSON cursors store the same integer.
// Threads  any.
// Clock    everything that decides by time asks a Clock, so tests move it by hand. Deadlines are
//          points of the monotonic clock: they do not jump when an operator sets the wall clock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist {

using Micros = std::chrono::microseconds;
using Time = std::chrono::sys_time<Micros>;
using Deadline = std::chrono::steady_clock::time_point;

[[nodiscard]] inline std::int64_t to_us(Time time) {
  return time.time_since_epoch().count();
}
[[nodiscard]] inline Time from_us(std::int64_t us) {
  return Time{Micros{us}};
}
[[nodiscard]] inline Deadline deadline_in(std::chrono::steady_clock::duration delay) {
  return std::chrono::steady_clock::now() + delay;
}

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override;
};

// Moves only when told to.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start = from_us(1'700'000'000'000'000)) : us_{to_us(start)} {}
  [[nodiscard]] Time now() const override { return from_us(us_.load()); }
  void advance(Micros by) { us_ += by.count(); }
  void set(Time time) { us_ = to_us(time); }

 private:
  std::atomic<std::int64_t> us_;
};

// "2026-11-20T18:25:43.123456Z"; microseconds always, so that text sorts as time does.
[[nodiscard]] std::string to_rfc3339(Time time);
// RFC 3339 with an offset or Z; up to nine fraction digits (cut to micros). Errors: invalid.
[[nodiscard]] Result<Time> parse_rfc3339(std::string_view text);
// What people and programs write for ISO 8601: also a date alone ("2026-11-20", its first moment), a
// clock without seconds, the basic form ("20261120T182543Z") and a time without an offset. What says
// no offset is understood as UTC. Errors: invalid.
[[nodiscard]] Result<Time> parse_iso8601(std::string_view text);
// "Fri, 20 Nov 2026 18:25:43 GMT" (RFC 9110 section 5.6.7).
[[nodiscard]] std::string to_http_date(Time time);
[[nodiscard]] Result<Time> parse_http_date(std::string_view text);

}  // namespace hoist
