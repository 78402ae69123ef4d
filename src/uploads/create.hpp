// What the creation of one upload and of a batch have in common.
#pragma once

#include "uploads/service.hpp"

namespace hoist::uploads {

inline constexpr int http_ok = 200;
inline constexpr int http_created = 201;

[[nodiscard]] IdempotentRequest idempotent(Asked const& asked, std::string route);
[[nodiscard]] Refusal over_quota();
// Why the tenant does not take the upload: by its name, its declared type, and
// what its bytes are where they are known already.
[[nodiscard]] std::optional<Refusal> wrong_type(TenantLimits const& limits, Upload const& upload);
// Does what was added keep within the limits? A file that shares stored bytes
// adds none.
[[nodiscard]] bool fits(TenantLimits const& limits, Account const& total, std::int64_t added_bytes);
// What the upload adds to the account beside its file.
[[nodiscard]] inline std::int64_t new_bytes(Upload const& upload) {
  return upload.object_key.empty() ? upload.size : 0;
}

}  // namespace hoist::uploads
