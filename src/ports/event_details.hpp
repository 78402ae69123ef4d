// The document half of the event log: free-form JSON by event id.
//
// Promise  put is conditional on the event id: the first one wins, and repeating it is harmless.
//          A redaction wins over every put, earlier or later.
// Threads  any.
// Errors   unavailable, timeout, too_large; all of them leave the item to be tried again.
// Contract tests/contract/event_details_contract.hpp.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "ports/event_index.hpp"

namespace hoist {

struct EventDetail {
  std::string salt;
  std::string details;  // canonical JSON
  bool redacted = false;
};

class EventDetails {
 public:
  virtual ~EventDetails() = default;
  virtual Async<> put(std::vector<OutboxItem> items, Deadline deadline) = 0;  // all durable, or an error
  // Those that are there.
  virtual Async<std::map<EventId, EventDetail>> get(TenantId tenant, std::vector<EventId> ids,
                                                    Deadline deadline) = 0;
  // Ids in order after `after`: for the reconciler.
  virtual Async<std::vector<EventId>> ids(TenantId tenant, EventId after, int limit, Deadline deadline) = 0;
};

}  // namespace hoist
