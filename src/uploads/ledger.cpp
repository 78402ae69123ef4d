#include "uploads/ledger.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "uploads/sharing.hpp"
#include "uploads/types.hpp"

namespace hoist::uploads {
namespace {

std::string scan_json(ScanReport const& scan, Time at) {
  auto object = json::object{{"verdict", to_string(scan.verdict)},
                             {"engine", scan.engine},
                             {"signatures", scan.signatures},
                             {"scanned_at", to_rfc3339(at)}};
  if (!scan.signature.empty()) object["signature"] = scan.signature;
  return json::serialize(object);
}

std::string media_json(MediaReport const& media) {
  auto object = json::object{{"content_type", media.content_type}};
  if (media.width) object["width"] = *media.width;
  if (media.height) object["height"] = *media.height;
  if (media.orientation) object["orientation"] = *media.orientation;
  if (media.pages) object["pages"] = *media.pages;
  if (media.captured_at) object["captured_at"] = *media.captured_at;
  if (media.gps) {
    auto gps = json::object{{"latitude", media.gps->latitude}, {"longitude", media.gps->longitude}};
    if (media.gps->altitude) gps["altitude"] = *media.gps->altitude;
    object["gps"] = std::move(gps);
  }
  if (!media.camera_make.empty() || !media.camera_model.empty())
    object["camera"] = json::object{{"make", media.camera_make}, {"model", media.camera_model}};
  return json::serialize(object);
}

std::string preview_json(Preview const& preview) {
  auto object = json::object{{"status", preview.reason.empty() ? "ready" : "unavailable"}};
  if (!preview.reason.empty()) object["reason"] = preview.reason;
  if (!preview.note.empty()) object["note"] = preview.note;
  if (!preview.message.empty()) object["message"] = preview.message;
  return json::serialize(object);
}

std::string thumbnails_json(std::vector<StoredThumbnail> const& thumbnails) {
  auto array = json::array{};
  for (auto const& picture : thumbnails)
    array.push_back(json::object{{"size", picture.size},
                                 {"width", picture.width},
                                 {"height", picture.height},
                                 {"bucket", picture.object.bucket},
                                 {"key", picture.object.key}});
  return json::serialize(array);
}

UploadJob to_job(Upload const& upload, Options const& options) {
  auto job = UploadJob{};
  job.tenant = upload.tenant;
  job.project = upload.project;
  job.batch = upload.batch;
  job.id = upload.id;
  job.object = {options.bucket, key_of(upload)};
  job.filename = upload.filename;
  job.declared_type = upload.content_type;
  job.size = upload.size;
  if (upload.checksum && upload.checksum->algorithm == "sha256")
    job.expected_sha256 = unhex(upload.checksum->hex).value_or(std::string{});
  return job;
}

// The tenant takes what was declared, but not what has arrived.
Step type_refused(Upload const& upload, Options const& options, Time now) {
  auto step = Step{.to = UploadState::failed, .now = now, .what = "failed"};
  step.deadline = now + options.failed_retention;
  step.detail = step.error_message = refusal_of_type(upload);
  step.error_code = type_not_allowed;
  return step;
}

Result<void> end_as_failed(sql::Transaction& tx, Options const& options, Upload& upload, Step step,
                           std::string const& scan) {
  CHECK(advance(tx, options, upload, std::move(step)));
  if (scan.empty()) return {};
  return record_scan(tx, upload, scan);
}

}  // namespace

Async<std::optional<UploadJob>> Ledger::begin(TenantId tenant, UploadId id, std::int64_t attempt,
                                              Deadline deadline) {
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<std::optional<UploadJob>> {
        auto found = find_upload(tx, tenant, id);
        if (!found && found.error().code() == Code::not_found) return std::optional<UploadJob>{};
        if (!found) return std::unexpected{found.error()};
        auto& upload = *found;
        auto const now = tx.now();
        if (!may_become(upload.state, UploadState::processing)) return std::optional<UploadJob>{};
        auto step = Step{};
        step.to = UploadState::processing;
        step.now = now;
        step.requeues = upload.requeues;
        step.deadline = now + options_.reminder_interval();
        step.what = "processing";
        step.detail = attempt > 1 ? fmt::format("attempt {}", attempt) : std::string{};
        CHECK(advance(tx, options_, upload, std::move(step)));
        tx.notify(uploads_of(tenant));
        TRY(auto const limits, needs_.limits.limits(tx, tenant));
        auto job = to_job(upload, options_);
        job.allow_unscannable = limits.allow_unscannable;
        job.types = limits.types;
        return std::optional{std::move(job)};
      },
      deadline);
}

Async<> Ledger::retrying(TenantId tenant, UploadId id, std::string reason, Deadline deadline) {
  return remark(std::move(tenant), std::move(id), "retrying", std::move(reason), deadline);
}

Async<> Ledger::waiting(TenantId tenant, UploadId id, std::string reason, Deadline deadline) {
  return remark(std::move(tenant), std::move(id), "waiting", std::move(reason), deadline);
}

Async<> Ledger::remark(TenantId tenant, UploadId id, std::string what, std::string reason,
                       Deadline deadline) {
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<void> {
        TRY(auto upload, find_upload(tx, tenant, id));
        if (upload.state != UploadState::processing)
          return fail(Code::conflict, "The upload is not being processed.");
        auto const now = tx.now();
        return note(tx, options_, upload, now, what, reason, now + options_.reminder_interval());
      },
      deadline);
}

void Ledger::stage(UploadJob const& job, ProcessingStage stage) {
  needs_.stages.processing(job, stage, needs_.clock.now());
  needs_.wakeups.notify(uploads_of(job.tenant));
}

Async<> Ledger::complete(TenantId tenant, UploadId id, ProcessedFile file, Deadline deadline) {
  auto const findings =
      Findings{hex(file.sha256), media_json(file.media), scan_json(file.scan, file.scanned_at),
               thumbnails_json(file.thumbnails), preview_json(file.media.preview)};
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<void> {
        TRY(auto upload, find_upload(tx, tenant, id));
        auto const now = tx.now();
        TRY(auto const limits, needs_.limits.limits(tx, tenant));
        upload.media = findings.media;
        auto step = Step{.to = UploadState::completed, .now = now, .what = "completed"};
        if (!takes_type(limits, upload, file.media.content_type)) step = type_refused(upload, options_, now);
        CHECK(advance(tx, options_, upload, std::move(step)));
        auto found = findings;
        if (upload.state == UploadState::completed) {
          CHECK(merge_bytes(tx, options_, upload, found));
          needs_.journal.record_sharing(tx, upload);
        }
        CHECK(record_findings(tx, tenant, id, found));
        tx.notify(uploads_of(tenant));
        return {};
      },
      deadline);
}

Async<> Ledger::failed(TenantId tenant, UploadId id, ProcessingFailure failure, Deadline deadline) {
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<void> {
        TRY(auto upload, find_upload(tx, tenant, id));
        // A late worker must not undo what another one has completed; newer signatures may.
        if (upload.state == UploadState::pending ||
            (upload.state == UploadState::completed && failure.code != "infected"))
          return fail(Code::conflict, "The upload is not being processed.");
        auto const now = tx.now();
        auto step = Step{};
        step.to = UploadState::failed;
        step.now = now;
        // An infected file is in quarantine: there is nothing to keep for a redrive.
        if (failure.code != "infected") step.deadline = now + options_.failed_retention;
        step.what = "failed";
        step.detail = failure.message;
        step.error_code = failure.code;
        step.error_message = failure.message;
        auto const scan = failure.scan ? scan_json(*failure.scan, now) : std::string{};
        // The infected bytes are those of every upload that shares them.
        if (failure.code == "infected" && !upload.object_key.empty()) {
          TRY(auto sharers, sharers_of(tx, tenant, upload.object_key));
          for (auto& other : sharers)
            if (other.id != id && other.state == UploadState::completed)
              CHECK(end_as_failed(tx, options_, other, step, scan));
        }
        CHECK(end_as_failed(tx, options_, upload, std::move(step), scan));
        tx.notify(uploads_of(tenant));
        return {};
      },
      deadline);
}

}  // namespace hoist::uploads
