#include "tenants/issuer.hpp"

#include <algorithm>
#include <cmath>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "model/names.hpp"
#include "net/url.hpp"
#include "tenants/jws.hpp"
#include "tenants/key_ring.hpp"

namespace hoist::tenants {
namespace {

constexpr std::size_t claims_depth_max = 16;
constexpr std::size_t token_id_digits = 32;

std::string_view view_of(json::string const& text) {
  return {text.data(), text.size()};
}

// Null: there is no such claim.
json::value const* claim(json::value const& claims, std::string_view name) {
  if (!name.starts_with('/')) return claims.get_object().if_contains(name);
  auto ignored = boost::system::error_code{};
  return claims.find_pointer(name, ignored);
}

std::string text_claim(json::value const& claims, std::string_view name) {
  auto const* const found = claim(claims, name);
  return found != nullptr && found->is_string() ? std::string{view_of(found->get_string())} : std::string{};
}

// One text, or a list with it.
bool names(json::value const* value, std::string_view wanted) {
  if (value == nullptr) return false;
  if (value->is_string()) return view_of(value->get_string()) == wanted;
  if (!value->is_array()) return false;
  return std::ranges::any_of(value->get_array(), [&](json::value const& item) {
    return item.is_string() && view_of(item.get_string()) == wanted;
  });
}

// A NumericDate may have a fraction. Errors: anything else, and absence.
Result<Time> time_claim(json::value const& claims, std::string_view name) {
  auto const* const found = claim(claims, name);
  auto seconds = std::nan("");
  if (found != nullptr && found->is_number()) seconds = found->to_number<double>();
  if (!(seconds >= 0 && seconds <= static_cast<double>(token_latest_s)))
    return token_refused(std::string{"claim "}.append(name));
  return Time{std::chrono::seconds{static_cast<std::int64_t>(seconds)}};
}

Result<void> check_times(json::value const& claims, Time now) {
  for (auto const* name : {"nbf", "iat"}) {
    if (claim(claims, name) == nullptr) continue;
    TRY(auto const from, time_claim(claims, name));
    if (from > now + token_skew_max) return token_refused("not valid yet");
  }
  TRY(auto const end, time_claim(claims, "exp"));
  if (end + token_skew_max <= now) return token_expired();
  return {};
}

struct Header {
  std::string algorithm;
  std::string key_name;
};

// What else a header has is not looked at, least of all keys and where to find them.
Result<Header> read_header(json::value const& header) {
  auto read = Header{text_claim(header, "alg"), text_claim(header, "kid")};
  if (claim(header, "crit") != nullptr) return token_refused("crit");
  auto const type = to_lower(text_claim(header, "typ"));
  auto const known = type == "jwt" || type == "at+jwt" || type == "application/at+jwt";
  if (claim(header, "typ") != nullptr && !known) return token_refused("typ");
  if (read.algorithm.empty() || read.key_name.empty()) return token_refused("alg or kid");
  return read;
}

// By which it is revoked. The signature does not belong to it: ECDSA has two for one text.
std::string id_of(json::value const& claims, std::string_view signed_text) {
  auto const own = text_claim(claims, "jti");
  return hex(sha256(own.empty() ? signed_text : std::string_view{own})).substr(0, token_id_digits);
}

bool is_on_this_machine(net::Url const& url) {
  return url.host == "127.0.0.1" || url.host == "::1" || url.host == "localhost";
}

}  // namespace

bool Issuer::is_named_by(std::string_view token) const {
  auto const parts = split_jws(token, issued_token_bytes_max);
  if (!parts) return false;
  auto const claims = decode_jws_object(parts->payload, claims_depth_max);
  return claims && text_claim(*claims, "iss") == options_.name;
}

std::optional<Role> Issuer::role_of(json::value const* claim) const {
  auto const stands_for = [&](std::vector<std::string> const& words) {
    return std::ranges::any_of(words, [&](auto const& word) { return names(claim, word); });
  };
  if (stands_for(options_.admin_words)) return Role::admin;
  if (stands_for(options_.member_words)) return Role::member;
  if (stands_for(options_.viewer_words)) return Role::viewer;
  return std::nullopt;
}

Result<Caller> Issuer::read_claims(json::value const& claims, Time now) const {
  if (text_claim(claims, "iss") != options_.name) return token_refused("issuer");
  if (!names(claim(claims, "aud"), options_.audience)) return token_refused("audience");
  CHECK(check_times(claims, now));
  auto tenant = text_claim(claims, options_.tenant_claim);
  auto user = text_claim(claims, options_.user_claim);
  auto const role = role_of(claim(claims, options_.role_claim));
  if (!role || !is_tenant_name(tenant) || !is_user_name(user)) return token_refused("role, tenant or user");
  auto caller = Caller{};
  caller.tenant = TenantId{std::move(tenant)};
  caller.user = UserId{std::move(user)};
  caller.role = *role;
  TRY(caller.expires_at, time_claim(claims, "exp"));
  return caller;
}

// The signature is checked before the claims are read: what was not signed says nothing.
Async<Caller> Issuer::verify(std::string token, Time now, Deadline deadline) {
  CO_TRY(auto const parts, split_jws(token, issued_token_bytes_max));
  CO_TRY(auto const head, decode_jws_object(parts.header));
  CO_TRY(auto const header, read_header(head));
  CO_TRY(auto const key, co_await keys_.find(header.key_name, deadline));
  if (header.algorithm != to_string(key.algorithm())) co_return token_refused("algorithm");
  auto const signature = unbase64url(parts.signature);
  if (!signature || !key.verify(parts.signed_text, *signature)) co_return token_refused("signature");
  CO_TRY(auto const claims, decode_jws_object(parts.payload, claims_depth_max));
  CO_TRY(auto caller, read_claims(claims, now));
  caller.credential_id = id_of(claims, parts.signed_text);
  co_return caller;
}

std::vector<FieldError> check_issuer(Issuer::Options const& options) {
  auto errors = std::vector<FieldError>{};
  auto const refuse = [&](std::string field, std::string why) { errors.push_back({field, why}); };
  auto const& [name, audience, keys, refresh, tenant, user, role, admin, member, viewer] = options;
  if (name.empty() && (!audience.empty() || !keys.empty()))
    refuse("identity.issuer", "is needed by identity.audience and identity.keys");
  if (name.empty()) return errors;
  if (name == own_issuer) refuse("identity.issuer", "must not be hoist, which signs Hoist's own tokens");
  if (audience.empty()) refuse("identity.audience", "is needed by identity.issuer");
  if (keys.empty()) refuse("identity.keys", "is needed by identity.issuer");
  if (keys.contains("://")) {
    auto const url = net::parse_url(keys);
    if (!url || (!url->tls && !is_on_this_machine(*url)))
      refuse("identity.keys", "must be a file or begin with https://; http:// only on this machine");
  }
  for (auto const& [field, value] :
       {std::pair{"identity.tenant_claim", &tenant}, std::pair{"identity.user_claim", &user},
        std::pair{"identity.role_claim", &role}})
    if (value->empty() || *value == "/") refuse(field, "must name a claim");
  if (admin.empty() && member.empty() && viewer.empty())
    refuse("identity.viewer_words", "and the words of the other roles must not all be empty");
  return errors;
}

}  // namespace hoist::tenants
