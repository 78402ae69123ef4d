#include "tenants/tenant_table.hpp"

#include "base/try.hpp"
#include "model/names.hpp"

namespace hoist::tenants {
namespace {

sql::Value unscannable_value(std::optional<bool> allow) {
  return allow ? sql::Value{std::string{*allow ? "allow" : "refuse"}} : sql::null();
}

sql::Value language_value(std::optional<Language> language) {
  return language ? sql::Value{std::string{to_string(*language)}} : sql::null();
}

constexpr std::string_view select_sql =
    "SELECT tenant, name, storage_bytes_max, files_max, created_us, types_allowed, types_denied, "
    "unscannable, language FROM tenants ";

sql::Value to_value(std::optional<std::vector<std::string>> const& list) {
  return list ? sql::Value{json::serialize(to_json(*list))} : sql::null();
}

Result<std::vector<std::string>> to_list(std::string const& text) {
  TRY(auto const parsed, parse_json(text));
  auto list = std::vector<std::string>{};
  for (auto const& entry : parsed.as_array())
    list.emplace_back(entry.as_string().data(), entry.as_string().size());
  return list;
}

std::unexpected<Error> no_such_tenant() {
  return fail(Code::not_found, "There is no such tenant.");
}

Result<void> set_one(sql::Transaction& tx, std::string_view statement, TenantId const& tenant,
                     sql::Value value) {
  TRY(auto const changed, tx.execute(statement, {tenant.str(), std::move(value)}));
  if (changed == 0) return no_such_tenant();
  return {};
}

}  // namespace

json::array to_json(std::vector<std::string> const& list) {
  auto array = json::array{};
  for (auto const& entry : list) array.emplace_back(entry);
  return array;
}

Result<Tenant> TenantTable::read(sql::Row const& row) const {
  auto tenant = Tenant{};
  tenant.id = TenantId{row.text(0)};
  tenant.name = row.text(1);
  tenant.limits = defaults_;
  if (!row.is_null(2)) tenant.limits.storage_bytes_max = row.integer(2);
  if (!row.is_null(3)) tenant.limits.files_max = row.integer(3);
  tenant.created_at = row.time(4);
  tenant.language = parse_language(row.text(8));
  tenant.limits.allow_unscannable = row.is_null(7) ? defaults_.allow_unscannable : row.text(7) == "allow";
  if (row.is_null(5) && row.is_null(6)) return tenant;
  auto types = defaults_.types ? *defaults_.types : FileTypes{};
  if (!row.is_null(5)) {
    TRY(types.allowed, to_list(row.text(5)));
  }
  if (!row.is_null(6)) {
    TRY(types.denied, to_list(row.text(6)));
  }
  tenant.limits.types = std::make_shared<FileTypes const>(std::move(types));
  return tenant;
}

Result<TenantLimits> TenantTable::limits(sql::Transaction& tx, TenantId const& tenant) {
  TRY(auto found, find(tx, tenant));
  return found.limits;
}

Result<Tenant> TenantTable::find(sql::Transaction& tx, TenantId const& tenant) const {
  TRY(auto const rows, tx.query(std::string{select_sql} + "WHERE tenant = $1", {tenant.str()}));
  if (rows.empty()) return no_such_tenant();
  return read(rows[0]);
}

Result<std::optional<Tenant>> TenantTable::first(sql::Transaction& tx) const {
  TRY(auto const rows, tx.query(std::string{select_sql} + "ORDER BY created_us, tenant LIMIT 1"));
  if (rows.empty()) return std::nullopt;
  TRY(auto tenant, read(rows[0]));
  return tenant;
}

Result<std::vector<TenantId>> TenantTable::all(sql::Transaction& tx) const {
  TRY(auto const rows, tx.query("SELECT tenant FROM tenants ORDER BY tenant"));
  auto ids = std::vector<TenantId>{};
  for (auto const& row : rows) ids.emplace_back(row.text(0));
  return ids;
}

Result<Tenant> TenantTable::insert(sql::Transaction& tx, NewTenant const& tenant) const {
  if (!is_tenant_name(tenant.id.str()))
    return invalid_field("id", "must be 1 to 63 lower-case letters, digits and hyphens");
  if (!is_user_name(tenant.name)) return invalid_field("name", "must be 1 to 128 characters");
  TRY(auto const inserted,
      tx.execute("INSERT INTO tenants (tenant, name, storage_bytes_max, files_max, created_us, unscannable, "
                 "language) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (tenant) DO NOTHING",
                 {tenant.id.str(), tenant.name, sql::value_or_null(tenant.storage_bytes_max),
                  sql::value_or_null(tenant.files_max), sql::value(tx.now()),
                  unscannable_value(tenant.allow_unscannable), language_value(tenant.language)}));
  if (inserted == 0) return fail(Code::conflict, "There is a tenant with this id already.");
  return find(tx, tenant.id);
}

Result<Tenant> TenantTable::set_types(sql::Transaction& tx, TenantId const& tenant,
                                      TypeLists const& lists) const {
  CHECK(
      tx.execute("UPDATE tenants SET types_allowed = $2, types_denied = $3 WHERE tenant = "
                 "$1",
                 {tenant.str(), to_value(lists.allowed), to_value(lists.denied)}));
  return find(tx, tenant);
}

Result<void> TenantTable::allow_unscannable(sql::Transaction& tx, TenantId const& tenant,
                                            std::optional<bool> allow) const {
  return set_one(tx, "UPDATE tenants SET unscannable = $2 WHERE tenant = $1", tenant,
                 unscannable_value(allow));
}

Result<void> TenantTable::set_language(sql::Transaction& tx, TenantId const& tenant,
                                       std::optional<Language> language) const {
  return set_one(tx, "UPDATE tenants SET language = $2 WHERE tenant = $1", tenant, language_value(language));
}

}  // namespace hoist::tenants
