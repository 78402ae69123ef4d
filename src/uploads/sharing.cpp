#include "uploads/sharing.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
#include "base/try.hpp"

namespace hoist::uploads {
namespace {

Result<std::optional<Upload>> first(Result<std::vector<Upload>> found) {
  if (!found) return std::unexpected{found.error()};
  return found->empty() ? std::optional<Upload>{} : std::optional{std::move(found->front())};
}

}  // namespace

Result<Stored> find_stored(sql::Transaction& tx, Upload const& wanted) {
  auto stored = Stored{};
  if (!wanted.checksum || wanted.checksum->algorithm != "sha256") return stored;
  auto const tenant = wanted.tenant.str();
  auto const& sha256 = wanted.checksum->hex;
  // Mostly the bytes are new, and then this is all.
  TRY(auto const any,
      tx.query("SELECT 1 FROM uploads WHERE tenant = $1 AND sha256 = $2 LIMIT 1", {tenant, sha256}));
  if (any.empty()) return stored;
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
  CHECK(tx.execute("UPDATE uploads SET object_key = $3 WHERE tenant = $1 AND id = $2 AND object_key IS NULL",
                   {upload.tenant.str(), first_key->id.str(), upload.object_key}));
  TRY(auto const recorded,
      tx.execute(
          "UPDATE uploads SET object_key = $3, sha256 = $4, media = $5, scan = $6, thumbnails = $7, "
          "preview = $8 WHERE tenant = $1 AND id = $2",
          {upload.tenant.str(), upload.id.str(), upload.object_key, upload.sha256, upload.media, upload.scan,
           upload.thumbnails, upload.preview.empty() ? sql::null() : sql::Value{upload.preview}}));
  HOIST_ASSERT(recorded == 1);
  return {};
}

Result<std::vector<Upload>> sharers_of(sql::Transaction& tx, TenantId const& tenant, std::string const& key) {
  return select_uploads(tx, "tenant = $1 AND object_key = $2 AND state <> 'DELETED' ORDER BY id",
                        {tenant.str(), key});
}

Result<bool> others_need_bytes(sql::Transaction& tx, Upload const& upload) {
  if (upload.object_key.empty()) return false;
  TRY(auto const rows, tx.query("SELECT 1 FROM uploads WHERE tenant = $1 AND object_key = $2 AND id <> $3 "
                                "AND state <> 'DELETED' LIMIT 1",
                                {upload.tenant.str(), upload.object_key, upload.id.str()}));
  return !rows.empty();
}

Result<std::vector<std::string>> check_objects(sql::Transaction& tx) {
  auto wrong = std::vector<std::string>{};
  // The list of buckets makes the primary key of objects usable.
  TRY(auto const bare,
      tx.query(
          "SELECT u.tenant, u.id FROM uploads u WHERE u.state IN ('UPLOADED', 'COMPLETED') "
          "AND NOT EXISTS (SELECT 1 FROM objects o WHERE o.bucket IN (SELECT DISTINCT bucket FROM objects) "
          "AND o.key = COALESCE(u.object_key, u.tenant || '/' || u.project_id || '/uploads/' || u.id)) "
          "LIMIT 100"));
  for (auto const& row : bare)
    wrong.push_back(fmt::format("upload {} of {} has no object", row.text(1), row.text(0)));
  TRY(auto const stray,
      tx.query("SELECT bucket, key FROM (SELECT bucket, key, substr(key, 1, instr(key, '/') - 1) AS tenant, "
               "substr(key, -36) AS id FROM objects WHERE key LIKE '%/%/uploads/%') AS o WHERE NOT EXISTS ("
               "SELECT 1 FROM uploads u WHERE u.tenant = o.tenant AND (u.id = o.id OR u.object_key = o.key) "
               "AND COALESCE(u.object_key, o.key) = o.key "
               "AND (u.deadline_us IS NOT NULL OR u.state NOT IN ('EXPIRED', 'CANCELLED', 'DELETED'))) "
               "LIMIT 100"));
  for (auto const& row : stray)
    wrong.push_back(fmt::format("no upload needs the object {} in {}", row.text(1), row.text(0)));
  return wrong;
}

}  // namespace hoist::uploads
