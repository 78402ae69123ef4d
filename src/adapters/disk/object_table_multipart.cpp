#include "adapters/disk/attributes.hpp"
#include "adapters/disk/object_table.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "ports/etag.hpp"

namespace hoist::disk {
namespace {

std::unexpected<Error> invalid_part(int number) {
  return fail(Error{Code::invalid,
                    "Part " + std::to_string(number) + " was not uploaded, or its ETag is not the one given."}
                  .with_slug("InvalidPart"));
}

// "number:etag" of each part: equal lists mean the same completion.
std::string list_text(std::vector<PartInfo> const& parts) {
  auto text = std::string{};
  for (auto const& part : parts) text += std::to_string(part.number) + ":" + part.etag + "\n";
  return hex(sha256(text));
}

Result<void> check_order(std::vector<PartInfo> const& parts) {
  if (parts.empty())
    return fail(Error{Code::invalid, "The completion names no parts."}.with_slug("MalformedXML"));
  for (std::size_t i = 1; i < parts.size(); ++i)
    if (parts[i].number <= parts[i - 1].number)
      return fail(
          Error{Code::invalid, "The parts must be in ascending order."}.with_slug("InvalidPartOrder"));
  return {};
}

Result<MultipartInfo> read_multipart(std::string const& bucket, sql::Row const& row) {
  auto info = MultipartInfo{};
  info.upload_id = row.text(0);
  info.ref = ObjectRef{bucket, row.text(1)};
  info.options.content_type = row.text(2);
  TRY(auto attributes, parse_attributes(row.text(3)));
  info.options.metadata = std::move(attributes.metadata);
  info.options.headers = std::move(attributes.headers);
  info.options.checksums = std::move(attributes.checksums);
  info.options.tags = std::move(attributes.tags);
  info.created_at = row.time(4);
  return info;
}

// The object that `parts` of the multipart upload make.
Result<Stored> join_parts(sql::Transaction& tx, MultipartInfo const& multipart,
                          std::vector<PartInfo> const& parts, std::int64_t part_bytes_min,
                          CompleteOptions const& options) {
  TRY(auto rows, tx.query("SELECT number, blob, size, sha256, etag FROM multipart_parts WHERE upload_id = $1"
                          " ORDER BY number",
                          {multipart.upload_id}));
  auto chosen = Stored{};
  auto& info = chosen.info;
  info.ref = multipart.ref;
  info.content_type = multipart.options.content_type;
  info.metadata = multipart.options.metadata;
  info.headers = multipart.options.headers;
  info.tags = multipart.options.tags;
  info.checksums = options.checksums;
  auto row = rows.begin();
  for (auto const& part : parts) {
    while (row != rows.end() && row->integer(0) < part.number) ++row;
    if (row == rows.end() || row->integer(0) != part.number || row->text(4) != part.etag)
      return invalid_part(part.number);
    auto const size = row->integer(2);
    if (&part != &parts.back() && size < part_bytes_min)
      return fail(Error{Code::invalid, "Part " + std::to_string(part.number) +
                                           " is smaller than the minimum for all but the last part."}
                      .with_slug("EntityTooSmall"));
    chosen.segments.push_back(Segment{row->text(1), size, row->text(3)});
    info.size += size;
  }
  info.etag = etag_of_parts(parts);
  return chosen;
}

}  // namespace

std::unexpected<Error> no_such_upload() {
  return fail(
      Error{Code::not_found, "The multipart upload does not exist; it may have been completed or aborted."}
          .with_slug("NoSuchUpload"));
}

Result<std::string> ObjectTable::create_multipart(ObjectRef const& ref, PutOptions const& options) {
  CHECK(check_bucket(ref.bucket));
  auto id = new_uuid7(now);
  CHECK(tx.execute(
      "INSERT INTO multiparts (upload_id, bucket, key, state, content_type, attributes, part_list, result,"
      " created_us, changed_us) VALUES ($1, $2, $3, 'open', $4, $5, '', '', $6, $6)",
      {id, ref.bucket, ref.key, options.content_type,
       to_text({options.metadata, options.headers, options.checksums, options.tags}), sql::value(now)}));
  return id;
}

Result<PartInfo> ObjectTable::put_part(ObjectRef const& ref, std::string const& upload_id, PartInfo part,
                                       Segment const& segment) {
  // The conditional update locks the upload's row, so no part slips in beside a completion.
  TRY(auto open, tx.execute("UPDATE multiparts SET changed_us = $4 WHERE upload_id = $1 AND bucket = $2"
                            " AND key = $3 AND state = 'open'",
                            {upload_id, ref.bucket, ref.key, sql::value(now)}));
  if (open == 0) return no_such_upload();
  TRY(auto replaced,
      tx.query("DELETE FROM multipart_parts WHERE upload_id = $1 AND number = $2 RETURNING blob",
               {upload_id, std::int64_t{part.number}}));
  for (auto const& row : replaced) CHECK(add_garbage(row.text(0)));
  part.modified_at = now;
  auto const attributes = to_text({.metadata = {}, .headers = {}, .checksums = part.checksums, .tags = {}});
  CHECK(tx.execute(
      "INSERT INTO multipart_parts (upload_id, number, blob, size, sha256, etag, attributes, modified_us)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      {upload_id, std::int64_t{part.number}, segment.blob, segment.size, segment.sha256, part.etag,
       attributes, sql::value(now)}));
  if (arrivals != nullptr) CHECK(arrivals->on_part(tx, ref, upload_id, part));
  return part;
}

Result<ObjectInfo> ObjectTable::complete(ObjectRef const& ref, std::string const& upload_id,
                                         std::vector<PartInfo> const& parts, std::int64_t part_bytes_min,
                                         CompleteOptions const& options, Manifest const& manifest) {
  CHECK(check_order(parts));
  auto const part_list = list_text(parts);
  TRY(auto taken, tx.query("UPDATE multiparts SET state = 'completed', changed_us = $4, part_list = $5"
                           " WHERE upload_id = $1 AND bucket = $2 AND key = $3 AND state = 'open'"
                           " RETURNING upload_id, key, content_type, attributes, created_us",
                           {upload_id, ref.bucket, ref.key, sql::value(now), part_list}));
  if (taken.empty()) return repeat_completion(ref, upload_id, part_list);
  TRY(auto const multipart, read_multipart(ref.bucket, taken[0]));
  TRY(auto whole, join_parts(tx, multipart, parts, part_bytes_min, options));
  if (whole.segments != manifest.segments) return changed_meanwhile();
  TRY(auto info, put(std::move(whole.info), whole.segments, options.conditions, manifest.blob));
  CHECK(drop_parts(upload_id));  // those in use are segments now and stay
  auto const result = json::object{{"version", info.version},
                                   {"etag", info.etag},
                                   {"size", info.size},
                                   {"modified_us", to_us(info.modified_at)}};
  CHECK(tx.execute("UPDATE multiparts SET result = $2 WHERE upload_id = $1",
                   {upload_id, json::serialize(result)}));
  return info;
}

Result<std::optional<Stored>> ObjectTable::plan_completion(ObjectRef const& ref, std::string const& upload_id,
                                                           std::vector<PartInfo> const& parts,
                                                           std::int64_t part_bytes_min,
                                                           CompleteOptions const& options) {
  CHECK(check_order(parts));
  auto const multipart = find_multipart(tx, ref, upload_id);
  if (!multipart && multipart.error().code() == Code::not_found) return std::nullopt;  // complete() knows why
  if (!multipart) return std::unexpected{multipart.error()};
  TRY(auto planned, join_parts(tx, *multipart, parts, part_bytes_min, options));
  planned.info.modified_at = now;
  return planned;
}

Result<ObjectInfo> ObjectTable::repeat_completion(ObjectRef const& ref, std::string const& upload_id,
                                                  std::string const& part_list) {
  TRY(auto rows, tx.query("SELECT part_list, result, content_type FROM multiparts WHERE upload_id = $1"
                          " AND bucket = $2 AND key = $3 AND state = 'completed'",
                          {upload_id, ref.bucket, ref.key}));
  if (rows.empty() || rows[0].text(0) != part_list) return no_such_upload();
  auto const parsed = parse_json(rows[0].text(1));
  if (!parsed || !parsed->is_object()) return fail(Code::corrupt, "The stored completion is damaged.");
  auto fields = Fields{parsed->get_object()};
  auto info = ObjectInfo{};
  info.ref = ref;
  info.content_type = rows[0].text(2);
  info.version = fields.text("version", {});
  info.etag = fields.text("etag", {});
  info.size = fields.number("size", {});
  info.modified_at = from_us(fields.number("modified_us", {}));
  CHECK(fields.finish());
  // The whole description while the object is still that version.
  auto current = find_object(tx, ref);
  if (current && current->info.version == info.version) return current->info;
  return info;
}

Result<void> ObjectTable::drop_parts(std::string const& upload_id) {
  TRY(auto rows, tx.query("DELETE FROM multipart_parts WHERE upload_id = $1 RETURNING blob", {upload_id}));
  for (auto const& row : rows) CHECK(add_garbage(row.text(0)));
  return {};
}

Result<void> ObjectTable::abort(ObjectRef const& ref, std::string const& upload_id) {
  TRY(auto rows, tx.query("UPDATE multiparts SET state = 'aborted', changed_us = $4 WHERE upload_id = $1"
                          " AND bucket = $2 AND key = $3 AND state != 'completed' RETURNING upload_id",
                          {upload_id, ref.bucket, ref.key, sql::value(now)}));
  if (rows.empty()) return no_such_upload();
  return drop_parts(upload_id);
}

Result<MultipartInfo> find_multipart(sql::Transaction& tx, ObjectRef const& ref,
                                     std::string const& upload_id) {
  TRY(auto rows, tx.query("SELECT upload_id, key, content_type, attributes, created_us FROM multiparts"
                          " WHERE upload_id = $1 AND bucket = $2 AND key = $3 AND state = 'open'",
                          {upload_id, ref.bucket, ref.key}));
  if (rows.empty()) return no_such_upload();
  return read_multipart(ref.bucket, rows[0]);
}

Result<std::vector<PartInfo>> list_parts(sql::Transaction& tx, ObjectRef const& ref,
                                         std::string const& upload_id, int after, int limit) {
  CHECK(find_multipart(tx, ref, upload_id));
  TRY(auto rows, tx.query("SELECT number, size, etag, attributes, modified_us FROM multipart_parts"
                          " WHERE upload_id = $1 AND number > $2 ORDER BY number LIMIT $3",
                          {upload_id, std::int64_t{after}, std::int64_t{limit}}));
  auto parts = std::vector<PartInfo>{};
  for (auto const& row : rows) {
    TRY(auto attributes, parse_attributes(row.text(3)));
    parts.push_back(PartInfo{static_cast<int>(row.integer(0)), row.integer(1), row.text(2),
                             std::move(attributes.checksums), row.time(4)});
  }
  return parts;
}

Result<std::vector<MultipartInfo>> list_multiparts(sql::Transaction& tx,
                                                   MultipartListRequest const& request) {
  TRY(auto rows, tx.query("SELECT upload_id, key, content_type, attributes, created_us FROM multiparts"
                          " WHERE bucket = $1 AND key >= $2 AND key >= $3"
                          " AND (key > $3 OR ($4 <> '' AND upload_id > $4))"
                          " AND state = 'open' ORDER BY key, upload_id LIMIT $5",
                          {request.bucket, request.prefix, request.after_key, request.after_upload,
                           std::int64_t{request.limit}}));
  auto found = std::vector<MultipartInfo>{};
  for (auto const& row : rows) {
    if (!row.text(1).starts_with(request.prefix)) break;
    TRY(auto info, read_multipart(request.bucket, row));
    found.push_back(std::move(info));
  }
  return found;
}

}  // namespace hoist::disk
