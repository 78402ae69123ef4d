// What the creation of one upload and of a batch have in common.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/call_context.hpp"
#include "ports/tenant_limits.hpp"
#include "uploads/options.hpp"
#include "uploads/parse.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {

// Why a file gets no upload, as the caller reads it.
struct Refusal {
  std::string code;
  std::string message;
  std::vector<FieldError> fields;
};
[[nodiscard]] Refusal over_quota();
// By the upload's name, its declared type, and what its bytes are where they are known already.
[[nodiscard]] std::optional<Refusal> wrong_type(TenantLimits const& limits, Upload const& upload);

// As the caller wishes; otherwise large files do.
[[nodiscard]] bool goes_in_parts(Options const& options, NewFile const& file, std::optional<bool> wish);

struct DraftOf {
  CallContext const& call;
  ProjectId const& project;
  BatchId batch;
  bool in_parts = false;
  Time now;
};
// A PENDING upload, not stored yet.
[[nodiscard]] Upload draft_upload(Options const& options, DraftOf of, NewFile const& file);

// Does what was added keep within the limits? A file that shares stored bytes adds none.
[[nodiscard]] bool fits(TenantLimits const& limits, Account const& total, std::int64_t added_bytes);
// What the upload adds to the account beside its file.
[[nodiscard]] inline std::int64_t new_bytes(Upload const& upload) {
  return upload.object_key.empty() ? upload.size : 0;
}

}  // namespace hoist::uploads
