// Ed25519 signatures by OpenSSL.
// Units    keys and signatures as raw bytes (32 and 64); PEM where a file is meant.
// Source   RFC 8032, RFC 8410.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist {

class Ed25519Key {
 public:
  [[nodiscard]] static Ed25519Key generate();
  [[nodiscard]] static Result<Ed25519Key> from_pem(std::string_view pem);
  Ed25519Key(Ed25519Key&&) noexcept;
  Ed25519Key& operator=(Ed25519Key&&) noexcept;
  ~Ed25519Key();
  [[nodiscard]] std::string to_pem() const;      // PKCS #8: a secret
  [[nodiscard]] std::string public_key() const;  // 32 bytes
  [[nodiscard]] std::string sign(std::string_view message) const;

 private:
  struct State;
  explicit Ed25519Key(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

[[nodiscard]] bool verify_ed25519(std::string_view public_key, std::string_view message,
                                  std::string_view signature);

}  // namespace hoist
