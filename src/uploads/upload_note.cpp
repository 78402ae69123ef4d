#include "uploads/upload_note.hpp"

#include "base/try.hpp"

namespace hoist::uploads {
namespace {

// Limits of the notes are those of the requests they came from.
constexpr auto any_text = Fields::TextRule{.min = 0, .max = std::size_t{1} << 20, .line_breaks = true};

json::object to_json(Upload const& upload) {
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
  return note;
}

}  // namespace

std::string note_of(Upload const& upload) {
  return json::serialize(to_json(upload));
}

std::string note_of_sharing(Upload const& upload) {
  auto note = to_json(upload);
  note["content_type"] = upload.content_type;
  note["size"] = upload.size;
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
  upload.content_type = fields.optional_text("content_type", any_text).value_or("");
  upload.size = fields.optional_number("size", {}).value_or(0);
  return fields.finish();
}

}  // namespace hoist::uploads
