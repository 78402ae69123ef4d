#include "uploads/listener.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "uploads/sharing.hpp"

namespace hoist::uploads {
namespace {

// One sentence for every reason, so that probing tells nothing.
std::unexpected<Error> not_granted(std::string cause) {
  return fail(Error{Code::forbidden, "This object was not granted, or its grant has ended."}.with_cause(
      std::move(cause)));
}

// The upload that `key` was granted to, as long as it still waits for its bytes.
Result<Upload> granted(sql::Transaction& tx, KeyParts const& key) {
  auto upload = find_upload(tx, key.tenant, key.id);
  if (!upload && upload.error().code() == Code::not_found) return not_granted("no such upload");
  if (!upload) return upload;
  if (upload->project != key.project) return not_granted("other project");
  if (upload->state != UploadState::pending)
    return not_granted(fmt::format("the upload is {}", to_string(upload->state)));
  return upload;
}

}  // namespace

Outgoing processing_message(Options const& options, Upload const& upload) {
  auto message = Outgoing{};
  message.queue = options.queue;
  message.tenant = upload.tenant;
  message.group = upload.id.str();
  message.body = json::serialize(json::object{{"tenant", upload.tenant.str()}, {"upload", upload.id.str()}});
  return message;
}

ObjectListener::ObjectListener(Outbox& outbox, Broadcast& broadcast, Stages& stages, Clock const& clock,
                               Options options)
    : outbox_{outbox}, broadcast_{broadcast}, stages_{stages}, clock_{clock}, options_{std::move(options)} {}

std::optional<KeyParts> ObjectListener::ours(ObjectRef const& ref) const {
  return ref.bucket == options_.bucket ? parse_key(ref.key) : std::nullopt;
}

Result<void> ObjectListener::on_created(sql::Transaction& tx, ObjectInfo const& object) {
  auto const key = ours(object.ref);
  if (!key) return {};
  TRY(auto upload, granted(tx, *key));
  if (object.size != upload.size)
    return not_granted(fmt::format("{} bytes instead of {}", object.size, upload.size));
  if (object.content_type != upload.content_type)
    return not_granted(fmt::format("{} instead of {}", object.content_type, upload.content_type));
  // The file is scanned as it lies; an encoding beside it would make another file of it at its reader.
  if (!object.headers.empty() || !object.metadata.empty())
    return not_granted("headers that are not part of the grant");
  auto const declared = upload.checksum && upload.checksum->algorithm == "sha256";
  if (declared && !object.sha256.empty() && hex(object.sha256) != upload.checksum->hex)
    return not_granted("other content than declared");
  return send_to_workers(tx, upload, "uploaded");
}

Result<void> ObjectListener::send_to_workers(sql::Transaction& tx, Upload& upload, std::string what) {
  auto const now = clock_.now();
  auto step = Step{};
  step.to = UploadState::uploaded;
  step.now = now;
  step.deadline = now + options_.uploaded_deadline;
  step.what = std::move(what);
  CHECK(advance(tx, options_, upload, std::move(step)));
  CHECK(outbox_.send_one(tx, processing_message(options_, upload)));
  tx.after_commit([this, tenant = upload.tenant] { broadcast_.notify(tenant); });
  return {};
}

Result<void> ObjectListener::on_part(sql::Transaction& tx, ObjectRef const& ref, std::string const& upload_id,
                                     PartInfo const& part) {
  auto const key = ours(ref);
  if (!key) return {};
  TRY(auto upload, granted(tx, *key));
  if (upload.multipart_id != upload_id) return not_granted("other multipart");
  if (part.number < 1 || part.number > upload.part_count()) return not_granted("part number out of range");
  if (part.size != upload.size_of_part(part.number))
    return not_granted(fmt::format("part {} has {} bytes", part.number, part.size));
  // One statement, so that parts which commit side by side do not undo each other's mark.
  TRY(auto const rows,
      tx.query("UPDATE uploads SET parts_seen = substr(parts_seen, 1, $3 - 1) || '1' || substr(parts_seen, "
               "$3 + 1), "
               "updated_us = $4 WHERE tenant = $1 AND id = $2 AND state = 'PENDING' RETURNING parts_seen",
               {upload.tenant.str(), upload.id.str(), std::int64_t{part.number}, sql::value(clock_.now())}));
  if (rows.empty()) return not_granted("the upload has just ended");
  upload.parts_seen = rows[0].text(0);
  tx.after_commit([this, upload = std::move(upload)] {
    stages_.received(upload, clock_.now());
    broadcast_.notify(upload.tenant);
    auto const complete = upload.parts_seen.find('0') == std::string::npos;
    if (complete && parts_complete_) parts_complete_(upload.tenant, upload.id);
  });
  return {};
}

// Only removals behind our back matter: a file that was there is gone. Our own removals come after
// the state has changed, and a file being processed is settled by its worker, who finds it missing.
Result<void> ObjectListener::on_removed(sql::Transaction& tx, ObjectRef const& ref) {
  auto const key = ours(ref);
  if (!key) return {};
  TRY(auto losers, sharers_of(tx, key->tenant, ref.key));
  auto upload = find_upload(tx, key->tenant, key->id);
  if (!upload && upload.error().code() != Code::not_found) return std::unexpected{upload.error()};
  if (upload && upload->project == key->project && upload->object_key.empty())
    losers.push_back(std::move(*upload));
  for (auto& loser : losers)
    if (loser.state == UploadState::uploaded || loser.state == UploadState::completed)
      CHECK(lose(tx, std::move(loser)));
  return {};
}

Result<void> ObjectListener::lose(sql::Transaction& tx, Upload upload) {
  auto const now = clock_.now();
  auto step = Step{};
  step.to = UploadState::deleted;
  step.now = now;
  step.deadline = now;  // thumbnails may be left
  step.what = "deleted";
  step.detail = "removed from the object store";
  CHECK(advance(tx, options_, upload, std::move(step)));
  tx.after_commit([this, tenant = upload.tenant] { broadcast_.notify(tenant); });
  return {};
}

}  // namespace hoist::uploads
