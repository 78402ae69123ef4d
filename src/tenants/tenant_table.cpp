#include "tenants/tenant_table.hpp"

#include "base/try.hpp"
#include "tenants/names.hpp"

namespace hoist::tenants {

Tenant TenantTable::read(sql::Row const& row) const {
  auto tenant = Tenant{};
  tenant.id = TenantId{row.text(0)};
  tenant.name = row.text(1);
  tenant.limits.storage_bytes_max = row.is_null(2) ? defaults_.storage_bytes_max : row.integer(2);
  tenant.limits.files_max = row.is_null(3) ? defaults_.files_max : row.integer(3);
  tenant.created_at = row.time(4);
  return tenant;
}

Result<TenantLimits> TenantTable::limits(sql::Transaction& tx, TenantId const& tenant) {
  TRY(auto found, find(tx, tenant));
  return found.limits;
}

Result<Tenant> TenantTable::find(sql::Transaction& tx, TenantId const& tenant) const {
  TRY(auto const rows, tx.query("SELECT tenant, name, storage_bytes_max, files_max, created_us "
                                "FROM tenants WHERE tenant = $1",
                                {tenant.str()}));
  if (rows.empty()) return fail(Code::not_found, "There is no such tenant.");
  return read(rows[0]);
}

Result<std::optional<Tenant>> TenantTable::first(sql::Transaction& tx) const {
  TRY(auto const rows, tx.query("SELECT tenant, name, storage_bytes_max, files_max, created_us "
                                "FROM tenants ORDER BY created_us, tenant LIMIT 1"));
  if (rows.empty()) return std::nullopt;
  return read(rows[0]);
}

Result<Tenant> TenantTable::insert(sql::Transaction& tx, NewTenant const& tenant, Time now) const {
  if (!is_tenant_name(tenant.id.str()))
    return invalid_field("id", "must be 1 to 63 lower-case letters, digits and hyphens");
  if (!is_user_name(tenant.name)) return invalid_field("name", "must be 1 to 128 characters");
  TRY(auto const inserted,
      tx.execute("INSERT INTO tenants (tenant, name, storage_bytes_max, files_max, created_us) "
                 "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (tenant) DO NOTHING",
                 {tenant.id.str(), tenant.name, sql::value_or_null(tenant.storage_bytes_max),
                  sql::value_or_null(tenant.files_max), sql::value(now)}));
  if (inserted == 0) return fail(Code::conflict, "There is a tenant with this id already.");
  return find(tx, tenant.id);
}

}  // namespace hoist::tenants
