// The access keys of the object endpoint.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"

namespace hoist::s3api {

inline constexpr std::size_t secret_bytes_min = 32;

struct AccessKey {
  std::string id;
  std::string secret;
  std::string prefix;     // only keys that start with this; empty: all
  bool md5_etags = true;  // ETags of what it stores are MD5, as clients of S3 compare them
};

class AccessKeys {
 public:
  // Errors: invalid when there is no key, a secret is short, or one is the sample of Amazon's
  // documentation: an endpoint without real keys would be open to anybody.
  static Result<AccessKeys> make(std::vector<AccessKey> keys);
  [[nodiscard]] AccessKey const* find(std::string_view id) const;

 private:
  explicit AccessKeys(std::vector<AccessKey> keys) : keys_{std::move(keys)} {}
  std::vector<AccessKey> keys_;
};

}  // namespace hoist::s3api
