#include "uploads/draft.hpp"

#include "uploads/types.hpp"

namespace hoist::uploads {

Refusal over_quota() {
  return {"quota_exceeded",
          "The tenant's storage quota has no room for this file. Delete files or ask for more.",
          {}};
}

std::optional<Refusal> wrong_type(TenantLimits const& limits, Upload const& upload) {
  if (takes_type(limits, upload, upload.content_type) && takes_type(limits, upload, found_type(upload)))
    return std::nullopt;
  return Refusal{std::string{type_not_allowed}, refusal_of_type(upload), {}};
}

bool goes_in_parts(Options const& options, NewFile const& file, std::optional<bool> wish) {
  return wish.value_or(file.size > options.multipart_threshold_bytes);
}

Upload draft_upload(Options const& options, DraftOf of, NewFile const& file) {
  auto upload = Upload{};
  upload.tenant = of.call.caller.tenant;
  upload.id = UploadId{new_uuid7(of.now)};
  upload.project = of.project;
  if (of.batch.empty()) upload.trace_parent = of.call.trace_parent;
  upload.batch = std::move(of.batch);
  upload.user = of.call.caller.user;
  upload.filename = file.filename;
  upload.content_type = file.content_type;
  upload.size = file.size;
  upload.checksum = file.checksum;
  upload.metadata = file.metadata;
  upload.path = file.path;
  upload.created_at = upload.updated_at = of.now;
  upload.expires_at = of.now + options.pending_deadline;
  upload.deadline = upload.expires_at;
  if (!options.store_reports)
    upload.deadline = of.now + std::min(options.look_after, options.pending_deadline);
  if (of.in_parts) upload.plan_parts(std::max(options.part_bytes, least_part_bytes(file.size)));
  return upload;
}

bool fits(TenantLimits const& limits, Account const& total, std::int64_t added_bytes) {
  return total.files <= limits.files_max && (added_bytes == 0 || total.bytes <= limits.storage_bytes_max);
}

}  // namespace hoist::uploads
