#include "uploads/arrivals.hpp"

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

// Previews and whatever else lies beside the uploads are under their tenant's name too.
std::optional<TenantId> UploadArrivals::owner_of(ObjectRef const& ref) const {
  auto const end = ref.key.find('/');
  if (ref.bucket != options_.bucket || end == ref.key.npos || end == 0) return std::nullopt;
  return TenantId{ref.key.substr(0, end)};
}

Result<void> UploadArrivals::on_created(sql::Transaction& tx, ObjectInfo const& object) {
  auto const key = key_parts(options_, object.ref);
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
  return needs_.handover.hand_over(tx, upload, "uploaded");
}

Result<void> UploadArrivals::on_part(sql::Transaction& tx, ObjectRef const& ref, std::string const& upload_id,
                                     PartInfo const& part) {
  auto const key = key_parts(options_, ref);
  if (!key) return {};
  TRY(auto upload, granted(tx, *key));
  if (upload.multipart_id != upload_id) return not_granted("other multipart");
  if (part.number < 1 || part.number > upload.part_count()) return not_granted("part number out of range");
  if (part.size != upload.size_of_part(part.number))
    return not_granted(fmt::format("part {} has {} bytes", part.number, part.size));
  TRY(auto const seen, mark_part(tx, upload, part.number, tx.now()));
  if (!seen) return not_granted("the upload has just ended");
  tx.after_commit([this, upload = std::move(upload), now = tx.now()] {
    needs_.stages.received(upload, now);
    if (upload.parts_seen.find('0') == std::string::npos) needs_.whole.put({upload.tenant, upload.id});
  });
  tx.notify(uploads_of(key->tenant));
  return {};
}

// Only removals behind our back matter: a file that was there is gone. Our own removals come after
// the state has changed, and a file being processed is settled by its worker, who finds it missing.
Result<void> UploadArrivals::on_removed(sql::Transaction& tx, ObjectRef const& ref) {
  auto const key = key_parts(options_, ref);
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

Result<void> UploadArrivals::lose(sql::Transaction& tx, Upload upload) {
  auto const now = tx.now();
  auto step = Step{.to = UploadState::deleted, .now = now, .what = "deleted"};
  step.deadline = now;  // thumbnails may be left
  step.detail = "removed from the object store";
  needs_.journal.record_deletion(tx, upload);
  CHECK(advance(tx, options_, upload, std::move(step)));
  tx.notify(uploads_of(upload.tenant));
  return {};
}

}  // namespace hoist::uploads
