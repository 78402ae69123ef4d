// Creation of one upload.
#include "uploads/create.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "uploads/room.hpp"
#include "uploads/sharing.hpp"
#include "uploads/types.hpp"

namespace hoist::uploads {

IdempotentRequest idempotent(Asked const& asked, std::string route) {
  return {asked.caller.tenant, asked.idempotency_key, std::move(route), asked.body_sha256};
}

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

bool fits(TenantLimits const& limits, Account const& total, std::int64_t added_bytes) {
  return total.files <= limits.files_max && (added_bytes == 0 || total.bytes <= limits.storage_bytes_max);
}

Service::Service(Ports ports, Options options)
    : ports_{ports},
      options_{std::move(options)},
      grants_{ports_.presigner, options_},
      created_{ports_.metrics.counter("hoist_uploads_created_total", "Uploads granted")},
      refused_{ports_.metrics.counter("hoist_uploads_refused_total", "Files of batches refused")} {
  if (options_.cursor_key.empty()) options_.cursor_key = random_bytes(32);
}

bool Service::is_multipart(NewFile const& file, std::optional<bool> asked) const {
  return asked.value_or(file.size > options_.multipart_threshold_bytes);
}

Upload Service::make_upload(Caller const& caller, ProjectId const& project, BatchId const& batch,
                            NewFile const& file, bool multipart, Time now) const {
  auto upload = Upload{};
  upload.tenant = caller.tenant;
  upload.id = UploadId{new_uuid7(now)};
  upload.project = project;
  upload.batch = batch;
  upload.user = caller.user;
  upload.filename = file.filename;
  upload.content_type = file.content_type;
  upload.size = file.size;
  upload.checksum = file.checksum;
  upload.metadata = file.metadata;
  upload.path = file.path;
  upload.created_at = upload.updated_at = now;
  upload.expires_at = now + options_.pending_deadline;
  upload.deadline = upload.expires_at;
  if (multipart) upload.plan_parts(std::max(options_.part_bytes, least_part_bytes(file.size)));
  return upload;
}

Result<Created> Service::insert_one(sql::Transaction& tx, Asked const& asked, Upload const& draft) {
  auto const request = idempotent(asked, "POST /uploads");
  TRY(auto const earlier, ports_.idempotency.find(tx, request));
  if (earlier) {
    TRY(auto upload, find_upload(tx, draft.tenant, UploadId{earlier->body}));
    return Created{.upload = std::move(upload), .transfer = {}, .have = earlier->status == http_ok};
  }
  TRY(auto stored, find_stored(tx, draft));
  if (stored.same) {
    CHECK(ports_.idempotency.store(tx, request, {http_ok, stored.same->id.str()}, draft.created_at));
    return Created{.upload = std::move(*stored.same), .transfer = {}, .have = true};
  }
  auto upload = stored.source ? over_bytes_of(draft, *stored.source) : draft;
  CHECK(insert_granted(tx, asked, upload));
  CHECK(ports_.idempotency.store(tx, request, {http_created, upload.id.str()}, upload.created_at));
  return Created{.upload = std::move(upload), .transfer = {}, .have = false};
}

Result<void> Service::insert_granted(sql::Transaction& tx, Asked const& asked, Upload const& upload) {
  TRY(auto const limits, ports_.limits.limits(tx, upload.tenant));
  if (auto refusal = wrong_type(limits, upload))
    return fail(Error{Code::invalid, std::move(refusal->message)}.with_slug(type_not_allowed));
  auto const bytes = new_bytes(upload);
  TRY(auto const total, account(tx, upload.tenant, {bytes, 1, 1}));
  if (!fits(limits, total, bytes)) {
    auto refusal = over_quota();
    return fail(Code::quota_exceeded, std::move(refusal.message));
  }
  auto const* const only = &upload;
  CHECK(insert_uploads(tx, {&only, 1}));
  if (!upload.object_key.empty()) CHECK(record_sharing(tx, upload));
  CHECK(insert_change(tx, upload.tenant, total.change_seq, upload.created_at, upload.project, upload.batch,
                      &upload));
  CHECK(ports_.audit.record(
      tx, {asked.caller, "upload.created", upload.id.str(), "ok", asked.request_id, {{"size", upload.size}}},
      upload.created_at));
  tx.after_commit([this, tenant = upload.tenant] { ports_.broadcast.notify(tenant); });
  return {};
}

Async<Created> Service::create(Asked asked, NewUpload wanted, std::optional<bool> multipart) {
  CO_CHECK(check_room(options_, wanted.file.size));
  auto const in_parts = is_multipart(wanted.file, multipart);
  if (in_parts && wanted.file.checksum && wanted.file.checksum->algorithm != "sha256")
    co_return invalid_field("checksum.algorithm", "must be sha256 for an upload in parts");
  auto const draft = make_upload(asked.caller, wanted.project, {}, wanted.file, in_parts, ports_.clock.now());
  CO_TRY(auto created,
         co_await ports_.database.write(
             asked.caller.tenant, [&](sql::Transaction& tx) { return insert_one(tx, asked, draft); },
             asked.deadline));
  if (!created.have) created_.add();
  CO_TRY(created.transfer, co_await transfer_of(created.upload, true, asked.deadline));
  co_return created;
}

}  // namespace hoist::uploads
