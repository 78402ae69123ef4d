// Digests by OpenSSL. Results are raw bytes; hex() and base64() make text of them.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace hoist {

[[nodiscard]] std::string sha256(std::string_view data);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view data);

// Incremental digest. Movable; use one per stream.
class Hasher {
 public:
  enum class Algorithm { md5, sha1, sha256, sha512 };
  explicit Hasher(Algorithm algorithm);
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;
  ~Hasher();
  void update(std::string_view data);
  [[nodiscard]] std::string finish();  // call once

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace hoist
