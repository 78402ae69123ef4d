#include "adapters/disk/object_table.hpp"

#include "adapters/disk/attributes.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/try.hpp"

namespace hoist::disk {
namespace {

constexpr std::string_view object_columns =
    "key, version, size, etag, content_type, sha256, attributes, modified_us";

// Of the blob without bytes that lists the others; it is dropped, swept and checked as they are.
constexpr auto manifest_position = std::int64_t{-1};

// Larger than every key that starts with what precedes it: no character follows U+10FFFF.
constexpr std::string_view last_character = "\xF4\x8F\xBF\xBF";

Result<ObjectInfo> read_object(std::string const& bucket, sql::Row const& row) {
  auto info = ObjectInfo{};
  info.ref = ObjectRef{bucket, row.text(0)};
  info.version = row.text(1);
  info.size = row.integer(2);
  info.etag = row.text(3);
  info.content_type = row.text(4);
  info.sha256 = unhex(row.text(5)).value_or("");
  TRY(auto attributes, parse_attributes(row.text(6)));
  info.metadata = std::move(attributes.metadata);
  info.headers = std::move(attributes.headers);
  info.checksums = std::move(attributes.checksums);
  info.tags = std::move(attributes.tags);
  info.modified_at = row.time(7);
  return info;
}

Result<void> check_version(std::string const& wanted, std::string const& found) {
  if (wanted.empty() || wanted == found) return {};
  return fail(Error{Code::conflict, "The object was replaced meanwhile; try again."}.with_slug(
      "ConditionalRequestConflict"));
}

}  // namespace

void describe(ObjectInfo& info, PutOptions const& options) {
  info.content_type = options.content_type;
  info.metadata = options.metadata;
  info.headers = options.headers;
  info.checksums = options.checksums;
  info.tags = options.tags;
}

Result<void> ObjectTable::check(ObjectRef const& ref, WriteConditions const& conditions,
                                std::string& old_version) {
  CHECK(check_bucket(ref.bucket));
  TRY(auto rows,
      tx.query("SELECT version, etag FROM objects WHERE bucket = $1 AND key = $2", {ref.bucket, ref.key}));
  if (rows.empty()) return conditions.check(std::nullopt);
  old_version = rows[0].text(0);
  return conditions.check(rows[0].text(1));
}

std::unexpected<Error> changed_meanwhile() {
  return fail(Error{Code::unavailable, "The object is being changed at the same time."}.with_retry_after(1));
}

Result<ObjectInfo> ObjectTable::put(ObjectInfo info, std::vector<Segment> const& segments,
                                    WriteConditions const& conditions, std::string const& manifest) {
  auto old_version = std::string{};
  CHECK(check(info.ref, conditions, old_version));
  info.version = new_uuid7(now);
  info.modified_at = now;
  auto const attributes = to_text({info.metadata, info.headers, info.checksums, info.tags});
  CHECK(tx.execute(
      "INSERT INTO objects (bucket, key, version, size, etag, content_type, sha256, attributes, modified_us)"
      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
      " ON CONFLICT (bucket, key) DO UPDATE SET version = excluded.version, size = excluded.size,"
      " etag = excluded.etag, content_type = excluded.content_type, sha256 = excluded.sha256,"
      " attributes = excluded.attributes, modified_us = excluded.modified_us",
      {info.ref.bucket, info.ref.key, info.version, info.size, info.etag, info.content_type, hex(info.sha256),
       attributes, sql::value(now)}));
  auto position = std::int64_t{0};
  for (auto const& segment : segments) CHECK(add_segment(info.version, position++, segment));
  if (!manifest.empty()) CHECK(add_segment(info.version, manifest_position, {manifest, 0, hex(sha256(""))}));
  // After the new segments are in, so that a copy onto itself keeps its files.
  if (!old_version.empty()) CHECK(drop_segments(old_version));
  if (arrivals != nullptr) CHECK(arrivals->on_created(tx, info));
  return info;
}

Result<void> ObjectTable::add_segment(std::string const& version, std::int64_t position,
                                      Segment const& segment) {
  CHECK(
      tx.execute("INSERT INTO object_segments (version, position, blob, size, sha256)"
                 " VALUES ($1, $2, $3, $4, $5)",
                 {version, position, segment.blob, segment.size, segment.sha256}));
  return {};
}

Result<void> ObjectTable::drop_segments(std::string const& version) {
  TRY(auto rows, tx.query("DELETE FROM object_segments WHERE version = $1 RETURNING blob", {version}));
  for (auto const& row : rows) CHECK(add_garbage(row.text(0)));
  return {};
}

Result<void> ObjectTable::add_garbage(std::string const& blob) {
  CHECK(
      tx.execute("INSERT INTO blob_garbage (blob, since_us) SELECT $1, $2"
                 " WHERE NOT EXISTS (SELECT 1 FROM object_segments WHERE blob = $1)"
                 " ON CONFLICT (blob) DO NOTHING",
                 {blob, sql::value(now)}));
  return {};
}

Result<void> ObjectTable::remove(ObjectRef const& ref, std::string const& version) {
  TRY(auto rows, tx.query("DELETE FROM objects WHERE bucket = $1 AND key = $2 RETURNING version",
                          {ref.bucket, ref.key}));
  if (rows.empty()) return {};
  CHECK(check_version(version, rows[0].text(0)));
  CHECK(drop_segments(rows[0].text(0)));
  if (arrivals != nullptr) CHECK(arrivals->on_removed(tx, ref));
  return {};
}

Result<ObjectInfo> ObjectTable::copy(ObjectRef const& from, ObjectRef const& to, CopyOptions const& options,
                                     Manifest const& manifest) {
  TRY(auto planned, plan_copy(from, to, options));
  if (planned->segments != manifest.segments) return changed_meanwhile();
  auto const conditions = options.put ? options.put->conditions : WriteConditions{};
  return put(std::move(planned->info), planned->segments, conditions, manifest.blob);
}

Result<std::optional<Stored>> ObjectTable::plan_copy(ObjectRef const& from, ObjectRef const& to,
                                                     CopyOptions const& options) {
  TRY(auto stored, find_object(tx, from));
  CHECK(check_version(options.version, stored.info.version));
  stored.info.ref = to;
  stored.info.modified_at = now;
  if (options.put) describe(stored.info, *options.put);
  return stored;
}

Result<void> ObjectTable::set_tags(ObjectRef const& ref, StringMap const& tags) {
  TRY(auto stored, find_object(tx, ref));
  auto const& info = stored.info;
  CHECK(tx.execute("UPDATE objects SET attributes = $3 WHERE bucket = $1 AND key = $2",
                   {ref.bucket, ref.key, to_text({info.metadata, info.headers, info.checksums, tags})}));
  return {};
}

Result<Stored> find_object(sql::Transaction& tx, ObjectRef const& ref) {
  TRY(auto rows, tx.query("SELECT key, version, size, etag, content_type, sha256, attributes, modified_us"
                          " FROM objects WHERE bucket = $1 AND key = $2",
                          {ref.bucket, ref.key}));
  if (rows.empty()) return no_such_key();
  auto stored = Stored{};
  TRY(stored.info, read_object(ref.bucket, rows[0]));
  TRY(stored.segments, segments_of(tx, stored.info.version));
  // The segments of an object made of parts are its parts.
  if (stored.info.etag.contains('-'))
    for (auto const& segment : stored.segments) stored.info.part_sizes.push_back(segment.size);
  return stored;
}

Result<std::vector<Segment>> segments_of(sql::Transaction& tx, std::string const& version) {
  TRY(auto rows,
      tx.query("SELECT blob, size, sha256 FROM object_segments WHERE version = $1 AND position > $2"
               " ORDER BY position",
               {version, manifest_position}));
  auto segments = std::vector<Segment>{};
  for (auto const& row : rows) segments.push_back(Segment{row.text(0), row.integer(1), row.text(2)});
  return segments;
}

Result<ObjectPage> list_objects(sql::Transaction& tx, ListRequest const& request) {
  constexpr auto batch_rows = std::int64_t{250};
  auto const statement = "SELECT " + std::string{object_columns} +
                         " FROM objects WHERE bucket = $1 AND key > $2 AND key >= $3 ORDER BY key LIMIT $4";
  auto page = ObjectPage{};
  auto const full = [&] {
    return page.objects.size() + page.prefixes.size() >= static_cast<std::size_t>(request.limit);
  };
  auto after = request.after;
  auto last_given = std::string{};  // where the next page goes on
  while (request.limit > 0) {
    TRY(auto rows, tx.query(statement, {request.bucket, after, request.prefix, batch_rows}));
    for (auto const& row : rows) {
      auto const& key = row.text(0);
      if (!key.starts_with(request.prefix)) return page;
      if (key <= after) continue;  // under a common prefix that is already listed
      after = key;
      auto const cut =
          request.delimiter.empty() ? key.npos : key.find(request.delimiter, request.prefix.size());
      auto const common = cut == key.npos ? std::string{} : key.substr(0, cut + request.delimiter.size());
      auto const given =
          common == request.after || (!page.prefixes.empty() && page.prefixes.back() == common);
      if (!common.empty() && given) {
        after = std::max(key, common + std::string{last_character});
        continue;
      }
      if (full()) {
        page.next_after = last_given;
        return page;
      }
      if (common.empty()) {
        TRY(auto info, read_object(request.bucket, row));
        page.objects.push_back(std::move(info));
        last_given = key;
      } else {
        page.prefixes.push_back(common);
        last_given = common;
        after = std::max(key, common + std::string{last_character});
      }
    }
    if (static_cast<std::int64_t>(rows.size()) < batch_rows) return page;
  }
  return page;
}

}  // namespace hoist::disk
