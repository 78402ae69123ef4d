// The tenants of this installation and what each may use.
// Threads  stateless; plain functions for engine threads.
#pragma once

#include <optional>
#include <string>

#include "ports/database.hpp"
#include "ports/tenant_limits.hpp"

namespace hoist::tenants {

constexpr std::int64_t default_storage_bytes_max = 50'000'000'000;
constexpr std::int64_t default_files_max = 1'000'000;

struct Tenant {
  TenantId id;
  std::string name;
  TenantLimits limits{.storage_bytes_max = default_storage_bytes_max, .files_max = default_files_max};
  Time created_at;
};

class TenantTable final : public TenantLimitsSource {
 public:
  Result<TenantLimits> limits(sql::Transaction& tx, TenantId const& tenant) override;
  // Errors: not_found.
  [[nodiscard]] static Result<Tenant> find(sql::Transaction& tx, TenantId const& tenant);
  // The oldest tenant. For system_scope().
  [[nodiscard]] static Result<std::optional<Tenant>> first(sql::Transaction& tx);
  // Errors: invalid (name or id), conflict when the id is taken.
  [[nodiscard]] static Result<void> insert(sql::Transaction& tx, Tenant const& tenant);
};

}  // namespace hoist::tenants
