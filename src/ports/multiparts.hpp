// Objects that arrive in parts, for stores that can put them together.
//
// Promise  parts may come in any order and be replaced until complete or abort, which are state
//          transitions: no part is accepted after either, and only one of the two happens.
// Threads, Lifetime, Errors and Contract are those of ports/object_store.hpp.
#pragma once

#include "ports/object_store.hpp"

namespace hoist {

struct PartInfo {
  int number = 0;  // 1-10,000
  std::int64_t size = 0;
  std::string etag;
  StringMap checksums;
  Time modified_at;
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

class Multiparts {
 public:
  virtual ~Multiparts() = default;

  virtual Async<std::string> create_multipart(ObjectRef ref, PutOptions options, Deadline deadline) = 0;
  // commit()'s ObjectInfo carries the part's etag, size and checksums.
  virtual Async<std::unique_ptr<ObjectWriter>> create_part(ObjectRef ref, std::string upload_id, int number,
                                                           Deadline deadline,
                                                           EtagKind etag = EtagKind::sha256) = 0;
  virtual Async<MultipartInfo> head_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) = 0;
  virtual Async<std::vector<PartInfo>> list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                                  Deadline deadline) = 0;
  // Parts in ascending order. Repeating it with the same parts answers the same object.
  virtual Async<ObjectInfo> complete_multipart(ObjectRef ref, std::string upload_id,
                                               std::vector<PartInfo> parts, Deadline deadline,
                                               CompleteOptions options = {}) = 0;
  virtual Async<> abort_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) = 0;  // idempotent
  virtual Async<std::vector<MultipartInfo>> list_multiparts(MultipartListRequest request,
                                                            Deadline deadline) = 0;
};

}  // namespace hoist
