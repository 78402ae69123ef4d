// The queue's numbers, per queue name.
// Threads  any.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "adapters/sql/queue_engine.hpp"
#include "base/metrics.hpp"
#include "base/mutex.hpp"

namespace hoist::sql_engine::queue {

struct Meter {
  Meter(Metrics& metrics, std::string const& queue);
  void count(Changes const& changes);

  Counter sent, duplicates, deliveries, acknowledged, failed, fenced, dead, empty;
  Gauge depth, in_flight, dead_now, oldest_age, head_age_p99, blocked;
};

class Meters {
 public:
  explicit Meters(Metrics& metrics) : metrics_{metrics} {}
  [[nodiscard]] Meter& of(std::string const& queue);  // valid as long as this object
  [[nodiscard]] std::vector<std::string> names() const;

 private:
  Metrics& metrics_;
  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Meter>> meters_ HOIST_GUARDED_BY(mutex_);
};

// How many messages a tenant has in a queue, so that the depth limit costs no count per send.
// Counted from the tables, then kept by what commits here, and counted anew now and then beside it: what
// commits during the count is added to it, and may so be counted twice until the next one.
//
// Other processes send to the same queue, and this one does not hear of it. So a count is good for a share of
// the limit only, and is then taken again: each process may go that share beyond the limit, and no further.
class Depths {
 public:
  using Key = std::pair<std::string, TenantId>;
  // Empty when it has to be counted; `more` are about to be sent.
  [[nodiscard]] std::optional<std::int64_t> of(std::string const& queue, TenantId const& tenant,
                                               std::int64_t more);
  // As it was counted, with the limit of the queue.
  void set(std::string const& queue, TenantId const& tenant, std::int64_t depth, std::int64_t depth_max);
  void add(std::string const& queue, TenantId const& tenant, std::int64_t change);
  [[nodiscard]] std::vector<Key> begin_counting();
  void counted(std::string const& queue, TenantId const& tenant, std::int64_t depth);

 private:
  struct Depth {
    std::int64_t now = 0;
    std::int64_t since = 0;  // changes since begin_counting()
    std::int64_t good_for_max = 0;
    std::int64_t good_for = 0;  // messages, before it is counted again
  };
  mutable Mutex mutex_;
  std::map<Key, Depth> depths_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::sql_engine::queue
