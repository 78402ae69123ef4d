// The buckets of a store. Those of the configuration are always there; others are made and removed.
// Threads, Lifetime and Contract are those of ports/object_store.hpp.
#pragma once

#include <string>
#include <vector>

#include "ports/object_store.hpp"

namespace hoist {

inline constexpr std::size_t buckets_max = 1000;  // made, beside those of the configuration

struct BucketInfo {
  std::string name;
  Time created_at;  // the epoch where it came with the configuration
};

class Buckets {
 public:
  virtual ~Buckets() = default;

  virtual Async<std::vector<BucketInfo>> list_buckets(Deadline deadline) = 0;  // by name
  // false: it was there before. Errors: invalid (TooManyBuckets) beyond buckets_max.
  virtual Async<bool> create_bucket(std::string name, Deadline deadline) = 0;
  // Errors: not_found; conflict (BucketNotEmpty) while it holds an object or an open multipart upload;
  // forbidden for one of the configuration.
  virtual Async<> remove_bucket(std::string name, Deadline deadline) = 0;
};

// The refusals that every store shares.
[[nodiscard]] std::unexpected<Error> too_many_buckets();
[[nodiscard]] std::unexpected<Error> bucket_not_empty();
[[nodiscard]] std::unexpected<Error> bucket_configured();

}  // namespace hoist
