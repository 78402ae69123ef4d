#include "adapters/memory/rate_limiter.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/mutex.hpp"

namespace hoist::memory {
namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

std::int64_t ceil_seconds(std::int64_t ns) {
  return (ns + ns_per_s - 1) / ns_per_s;
}

// Takes one token from the bucket that is full at `full_at`, if it has one.
RateDecision take_one(std::int64_t& full_at, RateRule rule, std::int64_t now) {
  auto const interval = std::max<std::int64_t>(1, rule.window.count() * 1000 / rule.limit);
  auto const depth = interval * rule.limit;
  // A clock set back, or a limit made smaller, must not leave a key locked out for longer than a window.
  auto const missing = std::clamp<std::int64_t>(full_at - now, 0, depth);
  auto decision = RateDecision{};
  decision.limit = rule.limit;
  decision.allowed = missing + interval <= depth;
  auto const after = decision.allowed ? missing + interval : missing;
  full_at = now + after;
  decision.remaining = (depth - after) / interval;
  decision.reset_s = ceil_seconds(decision.allowed ? after : missing + interval - depth);
  return decision;
}

}  // namespace

RateLimiter::RateLimiter(Options options) {
  HOIST_ASSERT(options.shards > 0 && options.keys_max >= options.shards);
  for (std::size_t i = 0; i < options.shards; ++i)
    shards_.push_back(std::make_unique<Shard>(options.keys_max / options.shards));
}

Async<RateDecision> RateLimiter::take(std::string key, RateRule rule, Time now) {
  HOIST_ASSERT(rule.limit > 0 && rule.window.count() > 0);
  auto& shard = *shards_[std::hash<std::string>{}(key) % shards_.size()];
  auto const lock = Lock{shard.mutex};
  auto* full_at = shard.full_at_ns.find(key);
  if (full_at == nullptr) full_at = shard.full_at_ns.put(key, 0);
  co_return take_one(*full_at, rule, to_us(now) * 1000);
}

std::size_t RateLimiter::keys() const {
  auto count = std::size_t{0};
  for (auto const& shard : shards_) {
    auto const lock = Lock{shard->mutex};
    count += shard->full_at_ns.size();
  }
  return count;
}

}  // namespace hoist::memory
