// Token buckets by key: `limit` requests a `window`, refilled evenly.
// Threads  any.  Bounded: the least recently used keys are forgotten, which only ever allows more.
#pragma once

#include <cstdint>
#include <string>

#include "base/async.hpp"
#include "base/time.hpp"

namespace hoist {

struct RateRule {
  std::int64_t limit = 1;
  Micros window{60'000'000};
};

struct RateDecision {
  bool allowed = true;
  std::int64_t limit = 0;
  std::int64_t remaining = 0;
  std::int64_t reset_s = 0;  // until the bucket is full again; until one is free when refused
};

class RateLimiter {
 public:
  virtual ~RateLimiter() = default;
  virtual Async<RateDecision> take(std::string key, RateRule rule, Time now) = 0;
};

}  // namespace hoist
