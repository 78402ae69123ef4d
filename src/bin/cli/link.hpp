// What is known about the way to one server: whether it carries anything, and how much in one piece.
//
// Those who wait for it to come back wait together: the first of them that gets through wakes the others.
// Threads  one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "base/async.hpp"

namespace hoist::cli {

// How long to wait before attempt `attempt` + 1 (the first is 1): doubling from 250 ms to 30 s, with
// jitter, and never shorter than the server asked for.
[[nodiscard]] std::chrono::milliseconds backoff(int attempt, std::optional<std::uint32_t> retry_after_s);

class Link {
 public:
  using Moment = std::chrono::steady_clock::time_point;
  // After this time without anything getting through, it is given up.
  explicit Link(std::chrono::seconds give_up_after) : give_up_after_{give_up_after} {}

  void carried();
  // Waits before the next attempt. Ends early, with true, when something else gets through, unless it is
  // the server that asked for the wait.
  Async<bool> pause(int attempt, Error const& error);
  // Has nothing got through for too long? A caller that began later is given its own full time.
  [[nodiscard]] bool given_up(Moment caller_began) const;

  // "Offline, trying again in 8 s", once that has lasted a moment; empty while the link carries.
  [[nodiscard]] std::string notice(Moment now) const;

  // The largest parts that this link is trusted with. Parts that keep breaking off make it smaller.
  [[nodiscard]] std::int64_t part_bytes() const { return part_bytes_; }
  void trust_with(std::int64_t part_bytes) { part_bytes_ = part_bytes; }

 private:
  std::chrono::seconds give_up_after_;
  std::optional<Moment> carried_at_;
  std::optional<Moment> failing_since_;
  bool busy_ = false;  // it is the server that asked to wait
  std::multiset<Moment> waiting_;
  Signal changed_;
  std::int64_t part_bytes_ = std::int64_t{4} << 20;
};

// The part size for a file of `bytes`, after a transfer of `broken` bytes of it broke off `times` times in a
// row; 0: as it is. A whole file is cut at once, parts only when they keep breaking.
[[nodiscard]] std::int64_t part_size_after(std::int64_t bytes, std::int64_t broken, int times,
                                           std::int64_t trusted);

}  // namespace hoist::cli
