#include "uploads/sharing.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "uploads/grants.hpp"

namespace hoist::uploads {
namespace {

Result<std::optional<Upload>> first(Result<std::vector<Upload>> found) {
  if (!found) return std::unexpected{found.error()};
  return found->empty() ? std::optional<Upload>{} : std::optional{std::move(found->front())};
}

// Uploads that share bytes share their pictures. One that was looked at again by itself, after a recovery,
// has made some of its own.
Result<void> merge_pictures(sql::Transaction& tx, Upload& upload, Findings& findings) {
  TRY(auto const source, first(select_uploads(tx,
                                              "tenant = $1 AND object_key = $2 AND id <> $3 AND "
                                              "state = 'COMPLETED' LIMIT 1 FOR UPDATE",
                                              {upload.tenant.str(), upload.object_key, upload.id.str()})));
  if (!source) return {};
  auto const shared = pictures_of(*source);
  auto leftovers = json::array{};
  upload.thumbnails = findings.thumbnails;
  for (auto const& picture : pictures_of(upload))
    if (std::ranges::find(shared, picture.object, &Picture::object) == shared.end())
      leftovers.push_back(json::object{{"bucket", picture.object.bucket}, {"key", picture.object.key}});
  if (!leftovers.empty()) CHECK(leave_objects(tx, upload, json::serialize(leftovers)));
  findings.thumbnails = upload.thumbnails = source->thumbnails;
  findings.preview = source->preview;
  return {};
}

}  // namespace

Result<Stored> find_stored(sql::Transaction& tx, Upload const& wanted) {
  auto stored = Stored{};
  if (!wanted.checksum || wanted.checksum->algorithm != "sha256") return stored;
  auto const tenant = wanted.tenant.str();
  auto const& sha256 = wanted.checksum->hex;
  TRY(auto const known, knows_bytes(tx, wanted.tenant, sha256));
  if (!known) return stored;
  TRY(stored.same, first(select_uploads(
                       tx,
                       "tenant = $1 AND sha256 = $2 AND project_id = $3 AND filename = $4 AND size = $5 "
                       "AND COALESCE(path, '') = $6 AND state = 'COMPLETED' ORDER BY id LIMIT 1",
                       {tenant, sha256, wanted.project.str(), wanted.filename, wanted.size, wanted.path})));
  if (stored.same) return stored;
  TRY(stored.source, first(select_uploads(tx,
                                          "tenant = $1 AND sha256 = $2 AND size = $3 AND content_type = $4 "
                                          "AND state = 'COMPLETED' LIMIT 1 FOR UPDATE",
                                          {tenant, sha256, wanted.size, wanted.content_type})));
  return stored;
}

Upload over_bytes_of(Upload wanted, Upload const& source) {
  wanted.state = UploadState::completed;
  wanted.deadline.reset();
  wanted.part_size = 0;
  wanted.parts_seen.clear();
  wanted.sha256 = source.sha256;
  wanted.media = source.media;
  wanted.scan = source.scan;
  wanted.thumbnails = source.thumbnails;
  wanted.preview = source.preview;
  wanted.object_key = key_of(source);
  wanted.timeline = "," + timeline_entry(wanted.created_at, "completed", "its bytes were stored already");
  return wanted;
}

Result<void> record_sharing(sql::Transaction& tx, Upload const& upload) {
  auto const first_key = parse_key(upload.object_key);
  HOIST_ASSERT(first_key);
  CHECK(record_object_key(tx, upload.tenant, first_key->id, upload.object_key));
  CHECK(record_object_key(tx, upload.tenant, upload.id, upload.object_key));
  return record_findings(tx, upload.tenant, upload.id,
                         {upload.sha256, upload.media, upload.scan, upload.thumbnails, upload.preview});
}

Result<void> merge_bytes(sql::Transaction& tx, Options const& options, Upload& upload, Findings& findings) {
  if (!upload.object_key.empty()) return merge_pictures(tx, upload, findings);
  TRY(auto const source, first(select_uploads(tx,
                                              "tenant = $1 AND sha256 = $2 AND size = $3 AND "
                                              "content_type = $4 AND id <> $5 AND state = 'COMPLETED' "
                                              "LIMIT 1 FOR UPDATE",
                                              {upload.tenant.str(), findings.sha256, upload.size,
                                               upload.content_type, upload.id.str()})));
  if (!source) return {};
  auto leftovers = json::array{json::object{{"bucket", options.bucket}, {"key", key_of(upload)}}};
  upload.thumbnails = findings.thumbnails;
  for (auto const& picture : pictures_of(upload))
    leftovers.push_back(json::object{{"bucket", picture.object.bucket}, {"key", picture.object.key}});
  CHECK(leave_objects(tx, upload, json::serialize(leftovers)));
  findings.thumbnails = upload.thumbnails = source->thumbnails;
  findings.preview = source->preview;
  upload.object_key = key_of(*source);
  auto const first_key = parse_key(upload.object_key);
  HOIST_ASSERT(first_key);
  CHECK(record_object_key(tx, upload.tenant, first_key->id, upload.object_key));
  CHECK(record_object_key(tx, upload.tenant, upload.id, upload.object_key));
  CHECK(account(tx, upload.tenant, {.bytes = -upload.size}));
  return {};
}

Result<std::vector<Upload>> sharers_of(sql::Transaction& tx, TenantId const& tenant, std::string const& key) {
  return select_uploads(tx, "tenant = $1 AND object_key = $2 AND state <> 'DELETED' ORDER BY id",
                        {tenant.str(), key});
}

Result<bool> others_need_bytes(sql::Transaction& tx, Upload const& upload) {
  if (upload.object_key.empty()) return false;
  TRY(auto const others, select_uploads(tx,
                                        "tenant = $1 AND object_key = $2 AND id <> $3 "
                                        "AND state <> 'DELETED' LIMIT 1",
                                        {upload.tenant.str(), upload.object_key, upload.id.str()}));
  return !others.empty();
}

}  // namespace hoist::uploads
