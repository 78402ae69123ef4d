// The EventDetails port in memory, with faults that tests switch on: another system that fails apart
// from the index.
#pragma once

#include <atomic>

#include "base/mutex.hpp"
#include "ports/event_details.hpp"

namespace hoist::memory {

class EventDetails final : public hoist::EventDetails {
 public:
  Async<> put(std::vector<OutboxItem> items, Deadline deadline) override;
  Async<std::map<EventId, EventDetail>> get(TenantId tenant, std::vector<EventId> ids,
                                            Deadline deadline) override;
  Async<std::vector<EventId>> ids(TenantId tenant, EventId after, int limit, Deadline deadline) override;

  // Faults. Each holds until it is switched off.
  std::atomic<bool> fail_puts = false;
  std::atomic<bool> fail_gets = false;
  std::atomic<bool> stall = false;            // every call takes as long as its caller waits
  std::atomic<bool> lose_answers = false;     // a put is done, but its caller hears of a timeout
  std::atomic<int> puts_before_failing = -1;  // items taken until the store fails midway; -1: never

  // For tests that do what no client can: forget, and falsify.
  void forget(TenantId const& tenant, EventId const& id);
  void falsify(TenantId const& tenant, EventId const& id, std::string details);

 private:
  bool put_one(OutboxItem const& item);
  Async<> stalled(Deadline deadline);

  Signal never_;
  Mutex mutex_;
  std::map<TenantId, std::map<EventId, EventDetail>> tenants_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::memory
