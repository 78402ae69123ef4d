#include "tenants/key_set.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/json.hpp"
#include "base/try.hpp"

namespace hoist::tenants {
namespace {

constexpr std::size_t depth_max = 8;
constexpr std::size_t key_name_bytes_max = 256;

std::unexpected<Error> no_set(std::string_view why) {
  return fail(Code::invalid, fmt::format("The key set {}.", why));
}

// Empty where the member is absent or no text.
std::string_view text_of(json::object const& key, std::string_view member) {
  auto const* const found = key.if_contains(member);
  if (found == nullptr || !found->is_string()) return {};
  return {found->get_string().data(), found->get_string().size()};
}

// Empty where it is no canonical base64url.
std::string bytes_of(json::object const& key, std::string_view member) {
  return unbase64url(text_of(key, member)).value_or(std::string{});
}

bool is_for_signatures(json::object const& key) {
  auto const use = text_of(key, "use");
  if (!use.empty()) return use == "sig";
  auto const* const operations = key.if_contains("key_ops");
  if (operations == nullptr || !operations->is_array()) return true;
  auto const& list = operations->get_array();
  return std::ranges::find(list, json::value{"verify"}) != list.end();
}

// Nothing for a kind that is not taken.
std::optional<Result<PublicKey>> key_of(json::object const& key) {
  auto const kind = text_of(key, "kty");
  auto const curve = text_of(key, "crv");
  if (kind == "OKP" && curve == "Ed25519") return PublicKey::ed25519(bytes_of(key, "x"));
  if (kind == "EC" && curve == "P-256") return PublicKey::p256(bytes_of(key, "x"), bytes_of(key, "y"));
  if (kind == "RSA") return PublicKey::rsa(bytes_of(key, "n"), bytes_of(key, "e"));
  return std::nullopt;
}

Result<void> add(KeySet& set, json::value const& item) {
  if (!item.is_object()) return no_set("has a key that is no object");
  auto const& key = item.get_object();
  // Whoever publishes a secret has shown it to everybody: it proves nothing any more.
  if (key.contains("d") || key.contains("k")) return no_set("holds a secret, which must never be published");
  auto const name = text_of(key, "kid");
  if (name.empty() || name.size() > key_name_bytes_max || !is_for_signatures(key)) return {};
  auto made = key_of(key);
  if (!made) return {};
  if (!*made) return no_set(fmt::format("has a damaged key: {}", made->error().detail()));
  auto const algorithm = text_of(key, "alg");
  if (!algorithm.empty() && algorithm != to_string((*made)->algorithm())) return {};  // RS512, PS256
  if (!set.emplace(name, **std::move(made)).second) return no_set("names two keys alike");
  return {};
}

}  // namespace

Result<KeySet> read_key_set(std::string_view text) {
  if (text.size() > key_set_bytes_max) return no_set("is too long");
  auto const parsed = parse_json(text, {.depth_max = depth_max});
  if (!parsed || !parsed->is_object()) return no_set("is no JSON object");
  auto const* const keys = parsed->get_object().if_contains("keys");
  if (keys == nullptr || !keys->is_array()) return no_set("has no list of keys");
  if (keys->get_array().size() > key_set_keys_max) return no_set("has too many keys");
  auto set = KeySet{};
  for (auto const& item : keys->get_array()) CHECK(add(set, item));
  if (set.empty()) return no_set("has no key for EdDSA, ES256 or RS256");
  return set;
}

}  // namespace hoist::tenants
