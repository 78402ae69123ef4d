// The EventIndex port in memory, with faults that tests switch on: a plain model of the rules, to
// compare other adapters with.
//
// Threads       any; one mutex.
// Transactions  of a database that writes one at a time, as SQLite does. What a thread has changed is
//               seen by it alone until the transaction commits; one that does not commit drops it.
// Promise       that of the port, except that nothing outlives the object.
#pragma once

#include <atomic>
#include <memory>

#include "ports/event_index.hpp"

namespace hoist::memory {

class EventIndex final : public hoist::EventIndex {
 public:
  EventIndex();
  ~EventIndex() override;

  // Faults. Each holds until it is switched off.
  std::atomic<bool> unavailable = false;         // every call is refused and does nothing
  std::atomic<int> appends_before_failing = -1;  // events taken until append() fails midway; -1: never
  std::atomic<bool> fail_settles = false;        // what is in the other store stays in the outbox

  Result<std::vector<Result<IndexedEvent>>> append(sql::Transaction& tx, TenantId const& tenant,
                                                   std::vector<NewEvent> const& events) override;
  Result<std::vector<IndexedEvent>> list(sql::Transaction& tx, EventQuery const& query) override;
  Result<std::vector<std::string>> leaves(sql::Transaction& tx, TenantId const& tenant, std::int64_t after,
                                          int limit) override;
  Result<IndexedEvent> find(sql::Transaction& tx, TenantId const& tenant, EventId const& id) override;
  Result<EventHead> head(sql::Transaction& tx, TenantId const& tenant) override;
  Result<std::vector<TenantId>> tenants(sql::Transaction& tx) override;
  Result<std::int64_t> redact(sql::Transaction& tx, TenantId const& tenant,
                              std::vector<EventId> const& ids) override;
  Result<std::int64_t> retire(sql::Transaction& tx, TenantId const& tenant, std::int64_t first_kept) override;
  Result<std::vector<OutboxItem>> outbox(sql::Transaction& tx, std::int64_t after, int limit) override;
  Result<std::int64_t> outbox_depth(sql::Transaction& tx) override;
  Result<void> settle(sql::Transaction& tx, std::vector<std::int64_t> const& numbers) override;

 private:
  class Versions;
  struct Version;
  [[nodiscard]] Result<void> here() const;
  Result<IndexedEvent> append_one(Version& version, TenantId const& tenant, NewEvent const& event, Time now);

  std::shared_ptr<Versions> versions_;  // shared with transactions that have not ended
};

}  // namespace hoist::memory
