#include "uploads/recovery.hpp"

#include "base/try.hpp"
#include "uploads/rows.hpp"
#include "uploads/sharing.hpp"
#include "uploads/upload_note.hpp"

namespace hoist::uploads {
namespace {

// The batch itself told its readers no more than its files do.
Result<void> insert_missing_batch(sql::Transaction& tx, Upload const& upload) {
  if (upload.batch.empty()) return {};
  TRY(auto const known, add_file_to_batch(tx, upload.tenant, upload.batch));
  if (known) return {};
  return insert_batch(
      tx, Batch{upload.tenant, upload.batch, upload.project, upload.user, 1, 0, 0, upload.created_at, {}});
}

}  // namespace

Result<std::string> Recovery::note_for(sql::Transaction& tx, ObjectRef const& ref) {
  auto const key = key_parts(options_, ref);
  if (!key) return std::string{};
  auto const upload = find_upload(tx, key->tenant, key->id);
  // UploadArrivals refuses the object of an upload that is not there.
  if (!upload && upload.error().code() == Code::not_found) return std::string{};
  if (!upload) return std::unexpected{upload.error()};
  return note_of(*upload);
}

Result<bool> Recovery::on_recovered(sql::Transaction& tx, ObjectInfo const& object, std::string const& note) {
  auto const key = key_parts(options_, object.ref);
  if (!key) return true;
  // Others may need the bytes of a deleted upload; then it is their object alone.
  if (told_.ended.contains(object.ref.key)) return told_.shared.contains(object.ref.key);
  auto known = find_upload(tx, key->tenant, key->id);
  if (!known && known.error().code() != Code::not_found) return std::unexpected{known.error()};
  if (known && known->state != UploadState::pending) {
    if (holds_quota(known->state)) return true;
    return others_need_bytes(tx, *known);
  }
  if (!known) {
    TRY(known, make_again(tx, *key, object, note));
  }
  CHECK(handover_.hand_over(tx, *known, "recovered"));
  return true;
}

Result<Upload> Recovery::make_again(sql::Transaction& tx, KeyParts const& key, ObjectInfo const& object,
                                    std::string const& note) {
  auto upload = Upload{.tenant = key.tenant, .id = key.id, .project = key.project};
  CHECK(read_note(note, upload));
  upload.content_type = object.content_type;
  upload.size = object.size;
  upload.expires_at = upload.created_at;
  CHECK(insert_recovered(tx, upload, upload.size));
  return upload;
}

Result<void> Recovery::insert_recovered(sql::Transaction& tx, Upload const& upload, std::int64_t bytes) {
  CHECK(insert_missing_batch(tx, upload));
  CHECK(begin_account(tx, upload.tenant, to_us(tx.now())));
  CHECK(account(tx, upload.tenant, {bytes, 1, 0}));
  auto const* const only = &upload;
  return insert_uploads(tx, {&only, 1});
}

Result<void> Recovery::read_journal() {
  TRY(told_, journal_.read());
  return {};
}

// false: it is there. One that waits for bytes of its own has come to share others since then.
Result<bool> Recovery::make_sharer_again(sql::Transaction& tx, RecordEntry const& entry) {
  auto const key = parse_key(entry.record);
  auto const first = parse_key(entry.object);
  if (!key || !first) return false;
  auto known = find_upload(tx, key->tenant, key->id);
  if (!known && known.error().code() != Code::not_found) return std::unexpected{known.error()};
  if (known && known->state != UploadState::pending) return false;
  auto upload =
      known ? std::move(*known) : Upload{.tenant = key->tenant, .id = key->id, .project = key->project};
  CHECK(record_object_key(tx, first->tenant, first->id, entry.object));
  upload.object_key = entry.object;
  TRY(auto const held, held_by_others(tx, upload));
  if (known) {
    if (held) CHECK(account(tx, upload.tenant, {.bytes = -upload.size}));
  } else {
    CHECK(read_note(entry.note, upload));
    upload.expires_at = upload.created_at;
    CHECK(insert_recovered(tx, upload, held ? 0 : upload.size));
  }
  CHECK(record_object_key(tx, upload.tenant, upload.id, entry.object));
  CHECK(handover_.hand_over(tx, upload, "recovered"));
  return true;
}

// false: the database does not know it any more.
Result<bool> Recovery::delete_again(sql::Transaction& tx, std::string const& record) {
  auto const key = parse_key(record);
  if (!key) return false;
  auto known = find_upload(tx, key->tenant, key->id);
  if (!known && known.error().code() != Code::not_found) return std::unexpected{known.error()};
  if (!known || forgets_file(known->state)) return false;
  auto const now = tx.now();
  auto const to =
      may_become(known->state, UploadState::deleted) ? UploadState::deleted : UploadState::cancelled;
  auto step = Step{.to = to, .now = now, .what = "deleted"};
  step.deadline = now;  // what it left goes with the first sweep
  CHECK(advance(tx, options_, *known, std::move(step)));
  return true;
}

Async<Recovery::Shared> Recovery::recover_sharing(sql::Database& database, ObjectStore& objects,
                                                  Deadline deadline) {
  auto shared = Shared{};
  for (auto const& [record, entry] : told_.sharing) {
    auto const object = co_await objects.head({options_.bucket, entry.object}, deadline);
    if (!object && object.error().code() != Code::not_found) co_return std::unexpected{object.error()};
    if (!object) {
      ++shared.byteless;
      continue;
    }
    auto make = [&](sql::Transaction& tx) { return make_sharer_again(tx, entry); };
    CO_TRY(auto const made, co_await database.write(Scope::system(), make, deadline));
    shared.uploads += made ? 1 : 0;
  }
  for (auto const& record : told_.ended) {
    auto end = [&](sql::Transaction& tx) { return delete_again(tx, record); };
    CO_TRY(auto const deleted, co_await database.write(Scope::system(), end, deadline));
    shared.deletions += deleted ? 1 : 0;
  }
  co_return shared;
}

}  // namespace hoist::uploads
