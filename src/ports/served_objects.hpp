// What a store has to do beyond ObjectStore and Multiparts so that s3api can serve it over S3: bytes that
// come to us, listings, buckets and tags. A store that clients reach by themselves has none of it.
//
// Promise  commit() returns when the object is whole, listed and on disk; until then it never was. A reader
//          keeps the version that it opened.
// Threads  any; one writer is used by one coroutine at a time.
// Lifetime a writer destroyed before commit() leaves nothing behind.
// Errors   those of ports/object_store.hpp.
// Contract tests/contract/served_objects_contract.hpp.
#pragma once

#include "ports/buckets.hpp"
#include "ports/multiparts.hpp"
#include "ports/object_store.hpp"
#include "ports/object_tags.hpp"

namespace hoist {

// The digest an ETag is. MD5 is what S3 clients compare files with; SHA-256 is computed anyway and
// costs nothing more.
enum class EtagKind { sha256, md5 };

class ObjectWriter {
 public:
  virtual ~ObjectWriter() = default;
  virtual Async<> write(std::string_view bytes) = 0;
  // `options` come with the commit because trailers arrive after the bytes.
  virtual Async<ObjectInfo> commit(PutOptions options) = 0;
};

struct ObjectPage {
  std::vector<ObjectInfo> objects;        // in byte order of keys
  std::vector<std::string> prefixes;      // rolled up by delimiter
  std::optional<std::string> next_after;  // pass as `after` to go on
};

struct ListRequest {
  std::string bucket;
  std::string prefix;
  std::string delimiter;
  std::string after;
  int limit = 1000;
};

struct CompleteOptions {
  StringMap checksums;  // of the whole object; already verified by the caller, stored as given
  WriteConditions conditions;
  bool parts_of_any_size = false;  // the caller planned the parts itself; without it, S3's least size holds
};

struct MultipartInfo {
  ObjectRef ref;
  std::string upload_id;
  PutOptions options;
  Time created_at;
};

// Open uploads in order of key and id.
struct MultipartListRequest {
  std::string bucket;
  std::string prefix;
  std::string after_key;
  std::string after_upload;  // of that key; empty: all of that key are passed over
  int limit = 1000;
};

class ServedObjects : public ObjectStore, public Multiparts, public Buckets, public ObjectTags {
 public:
  // `size` bytes will follow, or unknown; a known size lets a full disk be refused early.
  virtual Async<std::unique_ptr<ObjectWriter>> create(ObjectRef ref, std::optional<std::int64_t> size,
                                                      Deadline deadline,
                                                      EtagKind etag = EtagKind::sha256) = 0;
  // Conflict when another version has taken its place. Idempotent: an absent key is success.
  virtual Async<> remove_version(ObjectRef ref, std::string version, Deadline deadline) = 0;
  virtual Async<ObjectPage> list(ListRequest request, Deadline deadline) = 0;

  // commit()'s ObjectInfo carries the part's etag, size and checksums.
  virtual Async<std::unique_ptr<ObjectWriter>> create_part(ObjectRef ref, std::string upload_id, int number,
                                                           Deadline deadline,
                                                           EtagKind etag = EtagKind::sha256) = 0;
  virtual Async<MultipartInfo> head_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) = 0;
  // Parts in ascending order. Repeating it with the same parts answers the same object.
  virtual Async<ObjectInfo> complete_multipart(ObjectRef ref, std::string upload_id,
                                               std::vector<PartInfo> parts, Deadline deadline,
                                               CompleteOptions options = {}) = 0;
  virtual Async<std::vector<MultipartInfo>> list_multiparts(MultipartListRequest request,
                                                            Deadline deadline) = 0;

  Async<> put(ObjectRef ref, std::string bytes, PutOptions options, Deadline deadline) final;
  Async<> remove(ObjectRef ref, Deadline deadline) final;
  Async<ObjectInfo> assemble(ObjectRef ref, std::string upload_id, std::vector<PartInfo> parts,
                             Deadline deadline) final;
};

}  // namespace hoist
