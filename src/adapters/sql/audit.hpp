// The audit trail in the table audit_entries.
#pragma once

#include "ports/audit.hpp"

namespace hoist::sql {

class AuditLog final : public Audit, public AuditTrail {
 public:
  Result<void> record(Transaction& tx, AuditEntry entry, Time now) override;
  Result<std::vector<AuditRecord>> list(Transaction& tx, TenantId const& tenant,
                                        AuditQuery const& query) override;
};

}  // namespace hoist::sql
