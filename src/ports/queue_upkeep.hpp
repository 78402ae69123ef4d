// What the owner of a queue does with it as a whole. Looking never counts as an attempt.
//
// Threads  any.
// Errors   unavailable, timeout.
// Contract tests/contract/queue_upkeep_contract.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"

namespace hoist {

struct QueueStats {
  std::int64_t waiting = 0;  // in-flight ones not counted
  std::int64_t in_flight = 0;
  std::int64_t dead = 0;
  std::int64_t groups = 0;  // with messages that are not settled
  std::int64_t blocked_groups = 0;
  std::optional<Time> oldest_sent_at;  // of the groups' heads
  Micros head_age_p99{0};
};

class QueueUpkeep {
 public:
  virtual ~QueueUpkeep() = default;
  // Every minute or so: retention, dedup windows, and the gauges. Answers how many rows went.
  virtual Async<std::int64_t> maintain(Deadline deadline) = 0;
  // Of one tenant, or of all with Scope::system().
  virtual Async<QueueStats> stats(std::string queue, Scope scope, Deadline deadline) = 0;
  // Removes every message of the tenant, dead and in flight included, and the dedup memory. Followers are not
  // told: their rows of the tenant are going, too.
  virtual Async<std::int64_t> purge(std::string queue, TenantId tenant, Deadline deadline) = 0;
};

}  // namespace hoist
