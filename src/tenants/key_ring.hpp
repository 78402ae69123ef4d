// Access tokens: JSON Web Tokens signed with Ed25519, by keys of this installation alone.
//
// A token is {alg: EdDSA, typ: JWT, kid} . {iss, aud, sub: user, tenant, role, jti, iat, nbf, exp}
// and nothing else. Whatever this class would not have written itself is refused: other
// algorithms, other members, keys carried along, any second spelling of the same bytes.
//
// Threads  any; a KeyRing does not change after it is loaded.
// Rotation a new key signs from the next start on; older ones verify until their file is removed.
// Errors   verify: unauthenticated with slug token_expired or token_invalid; the cause is for the log.
// Source   RFC 7515, RFC 7519, RFC 8037, RFC 8725.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"
#include "model/caller.hpp"
#include "tenants/jws.hpp"

namespace hoist::tenants {

constexpr std::string_view own_issuer = "hoist";
constexpr std::size_t token_bytes_max = 2048;

class KeyRing {
 public:
  // Errors: as key_files.hpp; the server must not start then.
  [[nodiscard]] static Result<KeyRing> load_or_create(std::string const& folder, Time now);
  [[nodiscard]] static Result<void> rotate(std::string const& folder, Time now);
  KeyRing(KeyRing&&) noexcept;
  ~KeyRing();

  [[nodiscard]] std::string mint(TenantId const& tenant, UserId const& user, Role role,
                                 std::chrono::seconds lifetime, Time now) const;
  [[nodiscard]] Result<Caller> verify(std::string_view token, Time now) const;

 private:
  struct State;
  explicit KeyRing(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hoist::tenants
