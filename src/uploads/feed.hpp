// The tenant's changes as events, for any number of watchers.
//
// One pump per watched tenant reads each change from SQL once and keeps the newest in RecentEvents; a
// watcher that is not far behind is served from there, one that is reads SQL from its own cursor.
// So nothing is kept per watcher but its cursor, and a slow one costs the others nothing.
//
// Threads     any.   Lifetime  what it is given outlives it; it is drained before that ends.
// Invariants  an event of every change after a watcher's cursor reaches it, in order, once or more;
//             a cursor whose changes are no longer all there is answered with `gone`, never a gap.
#pragma once

#include <unordered_map>

#include "base/task_group.hpp"
#include "ports/wakeups.hpp"
#include "uploads/options.hpp"
#include "uploads/stages.hpp"
#include "uploads/watcher.hpp"

namespace hoist::uploads {

class Feed {
 public:
  struct Needs {
    sql::Database& database;
    Wakeups& wakeups;
    Stages const& stages;
  };
  Feed(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  // From `cursor`, or from now. Errors: not_found for a batch or upload the tenant does not have,
  // invalid for a cursor from the future, throttled when there are too many watchers.
  Async<std::unique_ptr<Watcher>> watch(TenantId tenant, std::vector<Topic> topics,
                                        std::optional<std::int64_t> cursor, Deadline deadline);
  // The same check for topics that are added later.
  Async<> check(TenantId tenant, std::vector<Topic> topics, Deadline deadline);

  // Ends the pumps. false: some go on after the deadline.
  Async<bool> drain(Deadline deadline);

 private:
  class Pump;
  std::shared_ptr<RecentEvents> recent_events_of(TenantId const& tenant, asio::any_io_executor executor);

  Needs needs_;
  Options const& options_;
  std::shared_ptr<std::atomic<std::size_t>> count_ = std::make_shared<std::atomic<std::size_t>>(0);
  TaskGroup pumps_;
  Mutex mutex_;
  std::unordered_map<TenantId, std::weak_ptr<RecentEvents>> watched_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::uploads
