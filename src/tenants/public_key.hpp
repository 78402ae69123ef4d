// A public key with the one algorithm that its signatures are checked by, by OpenSSL. A key is never asked to
// check another algorithm's signature: which one is meant is not the signature's to say.
//
// Threads  any; a key does not change.
// Units    numbers as big-endian bytes without padding, as JSON Web Keys hold them; ES256 signatures as r and
//          s of 32 bytes each.
// Errors   invalid: no key, a point outside of the curve, or an RSA key that is too short or too long.
// Source   RFC 7518 sections 3 and 6, RFC 8037.
#pragma once

#include <memory>
#include <string_view>

#include "base/error.hpp"

namespace hoist::tenants {

class PublicKey {
 public:
  enum class Algorithm { eddsa, es256, rs256 };

  [[nodiscard]] static Result<PublicKey> ed25519(std::string_view x);
  [[nodiscard]] static Result<PublicKey> p256(std::string_view x, std::string_view y);
  [[nodiscard]] static Result<PublicKey> rsa(std::string_view modulus, std::string_view exponent);

  [[nodiscard]] Algorithm algorithm() const { return algorithm_; }
  [[nodiscard]] bool verify(std::string_view message, std::string_view signature) const;

 private:
  struct State;
  PublicKey(Algorithm algorithm, std::shared_ptr<State const> state)
      : algorithm_{algorithm}, state_{std::move(state)} {}

  Algorithm algorithm_;
  std::shared_ptr<State const> state_;
};

// "EdDSA", "ES256" or "RS256", as the header of a token names it.
[[nodiscard]] std::string_view to_string(PublicKey::Algorithm algorithm);

}  // namespace hoist::tenants
