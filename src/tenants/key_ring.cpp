#include "tenants/key_ring.hpp"

#include <map>
#include <vector>

#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "model/names.hpp"
#include "tenants/jws.hpp"
#include "tenants/key_files.hpp"

namespace hoist::tenants {
namespace {

constexpr std::string_view audience = "hoist-api";

// The key's name. Nothing else in a header is ever used, and any other member refuses the token.
Result<std::string> read_header(json::object const& header) {
  auto fields = Fields{header};
  auto const algorithm = fields.text("alg", {.max = 16});
  auto const type = fields.text("typ", {.max = 16});
  auto key_name = fields.text("kid", {.max = 64});
  if (!fields.finish() || algorithm != "EdDSA" || type != "JWT") return token_refused("header");
  return key_name;
}

Time at_second(std::int64_t seconds) {
  return Time{std::chrono::seconds{seconds}};
}

Result<Caller> read_claims(json::object const& claims, Time now) {
  auto fields = Fields{claims};
  auto const seconds = Fields::NumberRule{.min = 0, .max = token_latest_s};
  auto const claimed_issuer = fields.text("iss", {.max = 64});
  auto const claimed_audience = fields.text("aud", {.max = 64});
  auto user = fields.text("sub", {.max = 128});
  auto tenant = fields.text("tenant", {.max = 63});
  auto const role = parse_role(fields.text("role", {.max = 16}));
  auto token_id = fields.text("jti", {.max = 64});
  auto const issued = at_second(fields.number("iat", seconds));
  auto const not_before = at_second(fields.number("nbf", seconds));
  auto const expires = at_second(fields.number("exp", seconds));
  if (auto const read = fields.finish(); !read) return token_refused("claims: " + read.error().to_string());
  if (claimed_issuer != own_issuer || claimed_audience != audience)
    return token_refused("issuer or audience");
  if (!role || !is_tenant_name(tenant) || !is_user_name(user)) return token_refused("role, tenant or user");
  if (not_before > now + token_skew_max || issued > now + token_skew_max)
    return token_refused("not valid yet");
  if (expires + token_skew_max <= now) return token_expired();
  auto caller = Caller{};
  caller.tenant = TenantId{std::move(tenant)};
  caller.user = UserId{std::move(user)};
  caller.role = *role;
  caller.expires_at = expires;
  caller.credential_id = std::move(token_id);
  return caller;
}

}  // namespace

struct KeyRing::State {
  struct Pair {
    Ed25519Key key;
    std::string public_key;
  };
  std::map<std::string, Pair, std::less<>> keys;  // by name; the last is the newest and signs
};

KeyRing::KeyRing(std::unique_ptr<State> state) : state_{std::move(state)} {}
KeyRing::KeyRing(KeyRing&&) noexcept = default;
KeyRing::~KeyRing() = default;

Result<KeyRing> KeyRing::load_or_create(std::string const& folder, Time now) {
  TRY(auto keys, load_or_create_keys(folder, now));
  auto state = std::make_unique<State>();
  for (auto& [name, key] : keys) {
    auto public_key = key.public_key();
    state->keys.emplace(std::move(name), State::Pair{std::move(key), std::move(public_key)});
  }
  return KeyRing{std::move(state)};
}

Result<void> KeyRing::rotate(std::string const& folder, Time now) {
  return add_key(folder, now);
}

std::string KeyRing::mint(TenantId const& tenant, UserId const& user, Role role,
                          std::chrono::seconds lifetime, Time now) const {
  HOIST_ASSERT(is_tenant_name(tenant.str()) && is_user_name(user.str()));
  auto const& [key_name, pair] = *state_->keys.rbegin();
  auto const seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  auto const header = json::object{{"alg", "EdDSA"}, {"typ", "JWT"}, {"kid", key_name}};
  auto const claims =
      json::object{{"iss", own_issuer},      {"aud", audience},         {"sub", user.str()},
                   {"tenant", tenant.str()}, {"role", to_string(role)}, {"jti", new_uuid7(now)},
                   {"iat", seconds},         {"nbf", seconds},          {"exp", seconds + lifetime.count()}};
  auto token = base64url(json::serialize(header)) + "." + base64url(json::serialize(claims));
  return token + "." + base64url(pair.key.sign(token));
}

// The signature is checked before the claims are read: what was not signed says nothing.
Result<Caller> KeyRing::verify(std::string_view token, Time now) const {
  TRY(auto const parts, split_jws(token, token_bytes_max));
  TRY(auto const header, decode_jws_object(parts.header));
  TRY(auto const key_name, read_header(header.get_object()));
  auto const key = state_->keys.find(key_name);
  if (key == state_->keys.end()) return token_refused("unknown key");
  auto const signature = unbase64url(parts.signature);
  if (!signature || !verify_ed25519(key->second.public_key, parts.signed_text, *signature))
    return token_refused("signature");
  TRY(auto const claims, decode_jws_object(parts.payload));
  return read_claims(claims.get_object(), now);
}

}  // namespace hoist::tenants
