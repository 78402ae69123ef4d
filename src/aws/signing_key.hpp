// The key of one day, region and service, ready to sign: its two HMAC pads are already compressed,
// so a signature costs the compression of the text alone.
//
// Threads  const calls from any.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.hpp"

namespace hoist::aws {

// Lower-case hex of the SHA-256, without OpenSSL's per-call algorithm lookup.
[[nodiscard]] std::string sha256_hex(std::string_view text);

struct Scope {
  std::string date;  // "20130524"
  std::string region;
  std::string service = "s3";
  [[nodiscard]] std::string str() const { return date + "/" + region + "/" + service + "/aws4_request"; }
  bool operator==(Scope const&) const = default;
};

class SigningKey {
 public:
  SigningKey(std::string_view secret, Scope const& scope);
  [[nodiscard]] std::string sign(std::string_view text) const;  // lower-case hex

 private:
  static constexpr std::size_t state_bytes_max = 128;
  struct alignas(8) State {
    std::array<std::byte, state_bytes_max> bytes;
  };
  State inner_;
  State outer_;
};

// Keys already derived. Bounded: when full it starts again from empty.
// Threads  any.
class SigningKeys {
 public:
  static constexpr std::size_t entries_max = 64;
  [[nodiscard]] std::shared_ptr<SigningKey const> get(std::string_view access_key_id, std::string_view secret,
                                                      Scope const& scope);

 private:
  struct Entry {
    std::string access_key_id;
    std::string secret;
    Scope scope;
    std::shared_ptr<SigningKey const> key;
  };
  Mutex mutex_;
  std::vector<Entry> entries_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::aws
