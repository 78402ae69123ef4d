// The EventIndex port over any SQL Database; tables of migrations/0007_events.sql.
#pragma once

#include "ports/event_index.hpp"

namespace hoist::sql_engine {

class EventIndex final : public hoist::EventIndex {
 public:
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
};

}  // namespace hoist::sql_engine
