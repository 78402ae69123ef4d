// The keys that an outside sign-in service publishes: a JSON Web Key Set. Of each key the kind says by which
// one algorithm its signatures are checked; what a token says about that counts for nothing.
//
// Taken    Ed25519 (EdDSA), P-256 (ES256) and RSA of 2,048 bits and more (RS256), with a name, for
// signatures. Ignored  keys of other kinds, for encryption, or without a name. Errors   invalid: no set, two
// keys of one name, a secret among them, or no key that could be taken. Source   RFC 7517, RFC 7518.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "tenants/public_key.hpp"

namespace hoist::tenants {

constexpr std::size_t key_set_bytes_max = 256 * 1024;
constexpr std::size_t key_set_keys_max = 100;

using KeySet = std::map<std::string, PublicKey, std::less<>>;  // by name

[[nodiscard]] Result<KeySet> read_key_set(std::string_view text);

}  // namespace hoist::tenants
