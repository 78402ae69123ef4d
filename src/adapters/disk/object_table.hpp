// The rows behind the store, as functions over a transaction. Files are another part's business:
// what is no longer referred to goes to blob_garbage in the same transaction.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "ports/arrivals.hpp"
#include "ports/served_objects.hpp"
#include "sql/database.hpp"

namespace hoist::disk {

struct Segment {
  std::string blob;
  std::int64_t size = 0;
  std::string sha256;  // hex
  bool operator==(Segment const&) const = default;
};

struct Stored {
  ObjectInfo info;
  std::vector<Segment> segments;
};

// Makes `info` say what `options` say.
void describe(ObjectInfo& info, PutOptions const& options);

// The blob that lists the files of an object, and what it lists.
struct Manifest {
  std::string blob;  // empty: none, because the object is complete already
  std::vector<Segment> segments;
};

[[nodiscard]] std::unexpected<Error> changed_meanwhile();
[[nodiscard]] std::unexpected<Error> no_such_upload();

// What every change of the table needs.
struct ObjectTable {
  sql::Transaction& tx;
  std::vector<std::string> const& configured;  // buckets that need no row
  Arrivals* arrivals = nullptr;                // null: no feature listens
  Time now;

  // Makes `info` the current version of its key and tells the listener. Fills version and time. An object
  // made of other files has a `manifest`: the blob whose label lists them.
  Result<ObjectInfo> put(ObjectInfo info, std::vector<Segment> const& segments,
                         WriteConditions const& conditions, std::string const& manifest = {});
  Result<void> remove(ObjectRef const& ref, std::string const& version);
  // Errors: unavailable when the object was replaced since the manifest was written.
  Result<ObjectInfo> copy(ObjectRef const& from, ObjectRef const& to, CopyOptions const& options,
                          Manifest const& manifest);
  Result<void> set_tags(ObjectRef const& ref, StringMap const& tags);

  // Asked in the transaction of every change, so that no bucket is removed under what comes into it.
  [[nodiscard]] bool is_configured(std::string const& bucket) const;
  [[nodiscard]] Result<std::vector<BucketInfo>> list_buckets() const;
  [[nodiscard]] Result<void> check_bucket(std::string const& name) const;
  Result<bool> create_bucket(std::string const& name);  // false: it is there
  Result<void> remove_bucket(std::string const& name);

  Result<std::string> create_multipart(ObjectRef const& ref, PutOptions const& options);
  Result<PartInfo> put_part(ObjectRef const& ref, std::string const& upload_id, PartInfo part,
                            Segment const& segment);
  Result<ObjectInfo> complete(ObjectRef const& ref, std::string const& upload_id,
                              std::vector<PartInfo> const& parts, std::int64_t part_bytes_min,
                              CompleteOptions const& options, Manifest const& manifest);
  Result<void> abort(ObjectRef const& ref, std::string const& upload_id);

  // What copy() and complete() will store, for the manifest that is written before them; nothing when
  // the completion is a repetition.
  Result<std::optional<Stored>> plan_copy(ObjectRef const& from, ObjectRef const& to,
                                          CopyOptions const& options);
  Result<std::optional<Stored>> plan_completion(ObjectRef const& ref, std::string const& upload_id,
                                                std::vector<PartInfo> const& parts,
                                                std::int64_t part_bytes_min, CompleteOptions const& options);

 private:
  Result<void> check(ObjectRef const& ref, WriteConditions const& conditions, std::string& old_version);
  Result<void> add_segment(std::string const& version, std::int64_t position, Segment const& segment);
  Result<void> drop_segments(std::string const& version);
  Result<void> drop_parts(std::string const& upload_id);
  Result<void> add_garbage(std::string const& blob);
  Result<ObjectInfo> repeat_completion(ObjectRef const& ref, std::string const& upload_id,
                                       std::string const& part_list);
};

[[nodiscard]] Result<Stored> find_object(sql::Transaction& tx, ObjectRef const& ref);
[[nodiscard]] Result<std::vector<Segment>> segments_of(sql::Transaction& tx, std::string const& version);
[[nodiscard]] Result<ObjectPage> list_objects(sql::Transaction& tx, ListRequest const& request);
[[nodiscard]] Result<MultipartInfo> find_multipart(sql::Transaction& tx, ObjectRef const& ref,
                                                   std::string const& upload_id);
[[nodiscard]] Result<std::vector<PartInfo>> list_parts(sql::Transaction& tx, ObjectRef const& ref,
                                                       std::string const& upload_id, int after, int limit);
[[nodiscard]] Result<std::vector<MultipartInfo>> list_multiparts(sql::Transaction& tx,
                                                                 MultipartListRequest const& request);

}  // namespace hoist::disk
