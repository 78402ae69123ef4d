#include "uploads/recovery.hpp"

#include "base/try.hpp"
#include "uploads/rows.hpp"
#include "uploads/sharing.hpp"

namespace hoist::uploads {
namespace {

// Limits of the notes are those of the requests they came from.
constexpr auto any_text = Fields::TextRule{.min = 0, .max = std::size_t{1} << 20, .line_breaks = true};

std::string note_of(Upload const& upload) {
  auto note = json::object{{"user", upload.user.str()},
                           {"batch", upload.batch.str()},
                           {"filename", upload.filename},
                           {"metadata", upload.metadata},
                           {"created_us", to_us(upload.created_at)}};
  if (!upload.path.empty()) note["path"] = upload.path;
  if (upload.checksum) {
    note["checksum_algorithm"] = upload.checksum->algorithm;
    note["checksum"] = upload.checksum->hex;
  }
  return json::serialize(note);
}

Result<void> read_note(std::string const& note, Upload& upload) {
  TRY(auto const value, parse_json(note));
  if (!value.is_object()) return fail(Code::invalid, "The note beside the file is damaged.");
  auto fields = Fields{value.get_object()};
  upload.user = UserId{fields.text("user", any_text)};
  upload.batch = BatchId{fields.text("batch", any_text)};
  upload.filename = fields.text("filename", any_text);
  upload.metadata = fields.text("metadata", any_text);
  upload.created_at = from_us(fields.number("created_us", {}));
  upload.path = fields.optional_text("path", any_text).value_or("");
  if (auto const algorithm = fields.optional_text("checksum_algorithm", any_text))
    upload.checksum = Checksum{*algorithm, fields.text("checksum", any_text)};
  return fields.finish();
}

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
  CHECK(insert_missing_batch(tx, upload));
  CHECK(begin_account(tx, upload.tenant, to_us(tx.now())));
  CHECK(account(tx, upload.tenant, {upload.size, 1, 0}));
  auto const* const only = &upload;
  CHECK(insert_uploads(tx, {&only, 1}));
  return upload;
}

}  // namespace hoist::uploads
