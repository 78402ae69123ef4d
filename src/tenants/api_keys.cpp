#include "tenants/api_keys.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/try.hpp"
#include "model/names.hpp"

namespace hoist::tenants {
namespace {

constexpr std::string_view key_prefix = "hk_";
constexpr std::size_t id_bytes = 8;
constexpr std::size_t secret_bytes = 32;

std::unexpected<Error> refused(std::string cause) {
  return fail(Error{Code::unauthenticated, "The API key is not valid."}
                  .with_slug("key_invalid")
                  .with_cause(std::move(cause)));
}

ApiKey read_key(sql::Row const& row) {
  auto key = ApiKey{};
  key.id = row.text(0);
  key.name = row.text(1);
  key.role = parse_role(row.text(2)).value_or(Role::viewer);
  key.acts_as = UserId{row.text(3)};
  key.created_at = row.time(4);
  if (!row.is_null(5)) key.revoked_at = row.time(5);
  if (!row.is_null(6)) key.expires_at = row.time(6);
  return key;
}

}  // namespace

bool looks_like_api_key(std::string_view credential) {
  return credential.starts_with(key_prefix);
}

std::optional<ParsedKey> parse_api_key(std::string_view text) {
  if (!looks_like_api_key(text) || text.size() > 256) return std::nullopt;
  text.remove_prefix(key_prefix.size());
  auto const dot = text.find('.');
  auto const separator = text.find('_');
  if (dot == text.npos || separator == text.npos || separator < dot) return std::nullopt;
  auto const tenant = text.substr(0, dot);
  auto const id = text.substr(dot + 1, separator - dot - 1);
  auto const secret = unbase64url(text.substr(separator + 1));
  if (!is_tenant_name(tenant) || id.size() != 2 * id_bytes || !unhex(id)) return std::nullopt;
  if (!secret || secret->size() != secret_bytes) return std::nullopt;
  return ParsedKey{TenantId{std::string{tenant}}, std::string{id}, sha256(*secret)};
}

Result<NewKey> insert_key(sql::Transaction& tx, Caller const& creator, std::string name, Role role,
                          std::optional<std::chrono::seconds> life) {
  auto const& tenant = creator.tenant.str();
  TRY(auto const active, tx.query("SELECT count(*) FROM api_keys WHERE tenant = $1 AND revoked_us IS NULL "
                                  "AND (expires_us IS NULL OR expires_us > $2)",
                                  {tenant, sql::value(tx.now())}));
  if (active.at(0).integer(0) >= active_keys_max)
    return fail(Code::conflict,
                fmt::format("The tenant has {} API keys. Revoke one that is not needed.", active_keys_max));
  auto const secret = random_bytes(secret_bytes);
  auto created = NewKey{};
  created.key = {
      hex(random_bytes(id_bytes)), std::move(name), role, creator.user, tx.now(), std::nullopt, std::nullopt};
  if (life) created.key.expires_at = tx.now() + *life;
  created.text = fmt::format("{}{}.{}_{}", key_prefix, tenant, created.key.id, base64url(secret));
  CHECK(tx.execute(
      "INSERT INTO api_keys (tenant, id, name, secret_sha256, role, acts_as, created_us, expires_us) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {tenant, created.key.id, created.key.name, hex(sha256(secret)), std::string{to_string(role)},
       creator.user.str(), sql::value(tx.now()), sql::value_or_null(created.key.expires_at)}));
  return created;
}

Result<std::vector<ApiKey>> list_keys(sql::Transaction& tx, TenantId const& tenant) {
  TRY(auto const rows,
      tx.query("SELECT id, name, role, acts_as, created_us, revoked_us, expires_us FROM api_keys "
               "WHERE tenant = $1 ORDER BY created_us DESC, id LIMIT 500",
               {tenant.str()}));
  auto keys = std::vector<ApiKey>{};
  for (auto const& row : rows) keys.push_back(read_key(row));
  return keys;
}

Result<bool> revoke_key(sql::Transaction& tx, TenantId const& tenant, std::string const& id) {
  TRY(auto const changed,
      tx.execute("UPDATE api_keys SET revoked_us = $3 WHERE tenant = $1 AND id = $2 AND revoked_us IS NULL",
                 {tenant.str(), id, sql::value(tx.now())}));
  if (changed == 1) return true;
  TRY(auto const present,
      tx.query("SELECT 1 FROM api_keys WHERE tenant = $1 AND id = $2", {tenant.str(), id}));
  if (present.empty()) return fail(Code::not_found, "There is no such API key.");
  return false;
}

Result<Caller> find_key_caller(sql::Transaction& tx, ParsedKey const& key) {
  TRY(auto const rows, tx.query("SELECT id, name, role, acts_as, created_us, revoked_us, expires_us, "
                                "secret_sha256 "
                                "FROM api_keys WHERE tenant = $1 AND id = $2",
                                {key.tenant.str(), key.id}));
  // An unknown key costs the same comparison as a known one.
  auto const stored = rows.empty() ? std::string(32, '\0') : unhex(rows[0].text(7)).value_or("");
  auto const matches = equal_constant_time(stored, key.secret_sha256);
  if (rows.empty()) return refused("unknown key");
  if (!matches) return refused("wrong secret for key " + key.id);
  auto const record = read_key(rows[0]);
  if (record.revoked_at) return refused("revoked key " + key.id);
  if (record.expires_at && *record.expires_at <= tx.now()) return refused("ended key " + key.id);
  auto caller = Caller{};
  caller.tenant = key.tenant;
  caller.user = record.acts_as;
  caller.role = record.role;
  caller.credential_id = record.id;
  return caller;
}

Result<void> check_key_row(sql::Transaction& tx, TenantId const& tenant, std::string const& id) {
  TRY(auto const rows, tx.query("SELECT 1 FROM api_keys WHERE tenant = $1 AND id = $2 AND revoked_us IS NULL "
                                "AND (expires_us IS NULL OR expires_us > $3)",
                                {tenant.str(), id, sql::value(tx.now())}));
  if (rows.empty()) return refused("revoked or ended key " + id);
  return {};
}

}  // namespace hoist::tenants
