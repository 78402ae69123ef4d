// The audit trail as an event log of its own: chained, checkpointed and exportable as any other.
// Its details are in the index, so an entry can be read, whole, as soon as the change it tells of.
#pragma once

#include "adapters/sql/event_index.hpp"
#include "ports/audit.hpp"

namespace hoist::sql_engine {

class AuditLog final : public Audit, public AuditTrail {
 public:
  Result<void> record(sql::Transaction& tx, AuditEntry entry) override;
  Result<std::vector<AuditRecord>> list(sql::Transaction& tx, TenantId const& tenant,
                                        AuditQuery const& query) override;

 private:
  EventIndex index_;
};

}  // namespace hoist::sql_engine
