#include "tenants/authenticator.hpp"

#include "base/hash.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"
#include "tenants/api_keys.hpp"

namespace hoist::tenants {
namespace {

constexpr std::size_t shard_count = 16;

bool has_expired(Caller const& caller, Time now) {
  return caller.expires_at && *caller.expires_at + token_skew_max <= now;
}

}  // namespace

Result<void> check_token_row(sql::Transaction& tx, TenantId const& tenant, std::string const& token_id) {
  TRY(auto const rows,
      tx.query("SELECT (SELECT count(*) FROM revoked_tokens WHERE tenant = $1 AND token_id = $2) "
               "FROM tenants WHERE tenant = $1",
               {tenant.str(), token_id}));
  if (!rows.empty() && rows[0].integer(0) == 0) return {};
  return fail(Error{Code::unauthenticated, "The access token is not valid."}
                  .with_slug("token_invalid")
                  .with_cause(rows.empty() ? "unknown tenant" : "revoked token " + token_id));
}

Result<void> insert_revoked_token(sql::Transaction& tx, Caller const& caller) {
  auto const now = tx.now();
  auto const& tenant = caller.tenant.str();
  auto const dead_before = now - token_skew_max;
  CHECK(tx.execute("DELETE FROM revoked_tokens WHERE tenant = $1 AND expires_us < $2",
                   {tenant, sql::value(dead_before)}));
  CHECK(tx.execute(
      "INSERT INTO revoked_tokens (tenant, token_id, expires_us, revoked_us) "
      "VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, token_id) DO NOTHING",
      {tenant, caller.credential_id, sql::value(caller.expires_at.value_or(now)), sql::value(now)}));
  return {};
}

Authenticator::Authenticator(KeyRing const& keys, Issuer* issuer, sql::Database& database, Clock const& clock,
                             Options options)
    : keys_{keys}, issuer_{issuer}, database_{database}, clock_{clock}, options_{options} {
  for (std::size_t i = 0; i < shard_count; ++i)
    shards_.push_back(std::make_unique<Shard>(options_.cached_max / shard_count + 1));
}

Authenticator::Shard& Authenticator::shard_of(std::string const& hash) {
  return *shards_[static_cast<unsigned char>(hash[0]) % shard_count];
}

std::optional<Authenticator::Entry> Authenticator::cached(std::string const& hash) {
  auto& shard = shard_of(hash);
  auto const lock = Lock{shard.mutex};
  auto const* const entry = shard.entries.find(hash);
  if (entry == nullptr) return std::nullopt;
  return *entry;
}

bool Authenticator::keys_changed(Entry const& entry) const {
  return entry.issuer_keys != 0 && entry.issuer_keys != issuer_->keys().version();
}

Async<Caller> Authenticator::authenticate(std::string credential, Deadline deadline) {
  auto const now = clock_.now();
  auto const hash = sha256(credential);
  auto entry = cached(hash);
  if (entry && keys_changed(*entry)) entry.reset();
  if (entry && has_expired(entry->caller, now)) co_return token_expired();
  auto const fresh = entry && entry->checked_at <= now && now < entry->checked_at + options_.recheck;
  if (fresh) co_return std::move(entry->caller);

  if (looks_like_api_key(credential)) {
    entry.emplace();
    CO_TRY(entry->caller, co_await find_key(credential, deadline));
  } else {
    if (!entry) {
      CO_TRY(entry, co_await verify_token(credential, now, deadline));
    }
    CO_CHECK(co_await check_token(entry->caller, deadline));
  }
  entry->checked_at = now;
  auto& shard = shard_of(hash);
  auto const lock = Lock{shard.mutex};
  shard.entries.put(hash, *entry);
  co_return std::move(entry->caller);
}

Async<Authenticator::Entry> Authenticator::verify_token(std::string const& token, Time now,
                                                        Deadline deadline) {
  auto entry = Entry{};
  if (issuer_ == nullptr || !issuer_->is_named_by(token)) {
    CO_TRY(entry.caller, keys_.verify(token, now));
    co_return entry;
  }
  // Read before: where they change meanwhile, the token is looked at once more than needed.
  entry.issuer_keys = issuer_->keys().version();
  CO_TRY(entry.caller, co_await issuer_->verify(token, now, deadline));
  co_return entry;
}

Async<Caller> Authenticator::find_key(std::string const& text, Deadline deadline) {
  auto const key = parse_api_key(text);
  if (!key)
    co_return fail(Error{Code::unauthenticated, "The API key is not valid."}.with_slug("key_invalid"));
  co_return co_await database_.read(
      Scope::tenant(key->tenant), [&](sql::Transaction& tx) { return find_key_caller(tx, *key); }, deadline);
}

Async<> Authenticator::check_token(Caller const& caller, Deadline deadline) {
  co_return co_await database_.read(
      Scope::tenant(caller.tenant),
      [&](sql::Transaction& tx) { return check_token_row(tx, caller.tenant, caller.credential_id); },
      deadline);
}

Async<> Authenticator::still_valid(Caller caller, Deadline deadline) {
  if (has_expired(caller, clock_.now())) co_return token_expired();
  if (caller.expires_at) co_return co_await check_token(caller, deadline);
  co_return co_await database_.read(
      Scope::tenant(caller.tenant),
      [&](sql::Transaction& tx) { return check_key_row(tx, caller.tenant, caller.credential_id); }, deadline);
}

void Authenticator::forget(TenantId const& tenant, std::string const& credential_id) {
  for (auto const& shard : shards_) {
    auto const lock = Lock{shard->mutex};
    shard->entries.erase_if([&](Entry const& entry) {
      return entry.caller.tenant == tenant && entry.caller.credential_id == credential_id;
    });
  }
}

}  // namespace hoist::tenants
