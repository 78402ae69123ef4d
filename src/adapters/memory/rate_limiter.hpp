// Token buckets of this process: one per key, spread over shards that each have their own lock.
//
// Threads  any.   Bounded: each shard forgets its least recently used keys.
// Accuracy the first request of an idle key finds the bucket full; a bucket refills evenly.
// Source   the generic cell rate algorithm: one point in time is the whole state of a bucket.
#pragma once

#include <memory>
#include <vector>

#include "base/lru.hpp"
#include "base/mutex.hpp"
#include "ports/rate_limiter.hpp"

namespace hoist::memory {

class RateLimiter final : public hoist::RateLimiter {
 public:
  struct Options {
    std::size_t shards = 16;
    std::size_t keys_max = 160'000;  // about 30 MB when all are in use
  };
  explicit RateLimiter(Options options);
  RateLimiter() : RateLimiter{Options{}} {}
  Async<RateDecision> take(std::string key, RateRule rule, Time now) override;
  [[nodiscard]] std::size_t keys() const;

 private:
  struct Shard {
    explicit Shard(std::size_t keys_max) : full_at_ns{keys_max} {}
    mutable Mutex mutex;
    Lru<std::string, std::int64_t> full_at_ns HOIST_GUARDED_BY(mutex);  // when the key's bucket is full again
  };
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace hoist::memory
