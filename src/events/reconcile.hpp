// Proves that the two stores say the same, event by event, and repairs what can be repaired.
//
// Errors   those of the stores: a store that cannot be read proves nothing.
#pragma once

#include "events/service.hpp"

namespace hoist::events {

// The two stores of the event log.
struct LogStores {
  sql::Database& database;
  EventIndex& index;
  EventDetails& details;
};

struct ReconcileReport {
  std::int64_t checked = 0;
  std::int64_t pending = 0;      // in the outbox, on their way
  std::vector<EventId> missing;  // indexed, neither in the details store nor in the outbox
  std::vector<EventId> orphans;  // details without an index row
  std::vector<EventId> altered;  // details that do not match their hash, or are erased and the event is not
  std::vector<EventId> emptied;  // erased, and no event.redacted names it
  [[nodiscard]] bool equal() const {
    return missing.empty() && orphans.empty() && altered.empty() && emptied.empty();
  }
};

Async<ReconcileReport> reconcile(LogStores stores, TenantId tenant, Deadline deadline);

// Moves everything the outbox holds and erases orphans. What is missing or altered is nowhere else,
// and stays reported. Answers how many orphans it erased.
Async<std::int64_t> repair(Service& service, EventDetails& details, TenantId tenant,
                           ReconcileReport const& report, Deadline deadline);

}  // namespace hoist::events
