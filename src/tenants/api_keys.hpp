// API keys: for programs that cannot fetch a token every hour. Shown once, stored as a hash.
//
// Form     hk_<tenant>.<id>_<secret>: the tenant is in the key so that the look-up runs inside that
//          tenant's scope. The secret is 32 random bytes; so much entropy needs no slow hash.
// Budget   a key acts as the user who made it and shares that user's rate limits, so many keys are
//          no way around them.
// Threads  plain functions for engine threads.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/caller.hpp"
#include "sql/database.hpp"

namespace hoist::tenants {

constexpr std::int64_t active_keys_max = 100;  // of one tenant

struct ApiKey {
  std::string id;  // 16 hexadecimal digits
  std::string name;
  Role role = Role::viewer;
  UserId acts_as;
  Time created_at;
  std::optional<Time> expires_at;  // absent: it lives until it is revoked
  std::optional<Time> revoked_at;
};

struct ParsedKey {
  TenantId tenant;
  std::string id;
  std::string secret_sha256;  // raw
};

struct NewKey {
  ApiKey key;
  std::string text;  // the whole key; it cannot be shown again
};

[[nodiscard]] bool looks_like_api_key(std::string_view credential);
[[nodiscard]] std::optional<ParsedKey> parse_api_key(std::string_view text);

// Errors: conflict at active_keys_max.
[[nodiscard]] Result<NewKey> insert_key(sql::Transaction& tx, Caller const& creator, std::string name,
                                        Role role, std::optional<std::chrono::seconds> life);
[[nodiscard]] Result<std::vector<ApiKey>> list_keys(sql::Transaction& tx, TenantId const& tenant);
// true: this call revoked it; false: it was revoked before. Errors: not_found.
[[nodiscard]] Result<bool> revoke_key(sql::Transaction& tx, TenantId const& tenant, std::string const& id);
// Errors: unauthenticated, for an unknown key as for a wrong secret, a revoked one or one that has ended.
[[nodiscard]] Result<Caller> find_key_caller(sql::Transaction& tx, ParsedKey const& key);
// Errors: unauthenticated when the key is absent or revoked, or has ended.
[[nodiscard]] Result<void> check_key_row(sql::Transaction& tx, TenantId const& tenant, std::string const& id);

}  // namespace hoist::tenants
