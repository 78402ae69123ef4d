// The tenants of this installation and what each may use.
// Limits   a tenant's own where it has them, else the installation's.
// Threads  plain functions for engine threads.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/json.hpp"
#include "model/sentences.hpp"
#include "ports/tenant_limits.hpp"
#include "sql/database.hpp"

namespace hoist::tenants {

constexpr std::int64_t default_storage_bytes_max = 50'000'000'000;
constexpr std::int64_t default_files_max = 1'000'000;

struct NewTenant {
  TenantId id;
  std::string name;
  std::optional<std::int64_t> storage_bytes_max;  // absent: the installation's limit, as it may change
  std::optional<std::int64_t> files_max;
  std::optional<bool> allow_unscannable;
  std::optional<Language> language;
};

struct TypeLists {
  std::optional<std::vector<std::string>> allowed;
  std::optional<std::vector<std::string>> denied;
};

[[nodiscard]] json::array to_json(std::vector<std::string> const& list);

struct Tenant {
  TenantId id;
  std::string name;
  TenantLimits limits;
  std::optional<Language> language;  // absent: the installation's
  Time created_at;
};

class TenantTable final : public TenantLimitsSource {
 public:
  explicit TenantTable(TenantLimits defaults) : defaults_{std::move(defaults)} {}
  TenantTable() : TenantTable{{default_storage_bytes_max, default_files_max, {}}} {}
  Result<TenantLimits> limits(sql::Transaction& tx, TenantId const& tenant) override;
  // Errors: not_found.
  [[nodiscard]] Result<Tenant> find(sql::Transaction& tx, TenantId const& tenant) const;
  // The oldest tenant. In the scope of the system.
  [[nodiscard]] Result<std::optional<Tenant>> first(sql::Transaction& tx) const;
  [[nodiscard]] Result<std::vector<TenantId>> all(sql::Transaction& tx) const;  // in the scope of the system
  // Errors: invalid (name or id), conflict when the id is taken.
  [[nodiscard]] Result<Tenant> insert(sql::Transaction& tx, NewTenant const& tenant) const;
  // Its own lists of types; an absent one is the installation's, as it may change. Errors: not_found.
  [[nodiscard]] Result<Tenant> set_types(sql::Transaction& tx, TenantId const& tenant,
                                         TypeLists const& lists) const;

  // Absent: as the installation does. Errors: not_found.
  [[nodiscard]] Result<void> allow_unscannable(sql::Transaction& tx, TenantId const& tenant,
                                               std::optional<bool> allow) const;
  // Absent: the installation's. Errors: not_found.
  [[nodiscard]] Result<void> set_language(sql::Transaction& tx, TenantId const& tenant,
                                          std::optional<Language> language) const;

 private:
  [[nodiscard]] Result<Tenant> read(sql::Row const& row) const;
  TenantLimits defaults_;
};

}  // namespace hoist::tenants
