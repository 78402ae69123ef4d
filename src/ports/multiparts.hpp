// Objects that arrive in parts, which clients send to the store.
//
// Promise  parts may come in any order and be replaced until the object is made of them or they are given
//          up: no part is accepted after either, and only one of the two happens.
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

class Multiparts {
 public:
  virtual ~Multiparts() = default;

  virtual Async<std::string> create_multipart(ObjectRef ref, PutOptions options, Deadline deadline) = 0;
  virtual Async<std::vector<PartInfo>> list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                                  Deadline deadline) = 0;
  // Makes the object of parts that the caller has planned, in ascending order. An object that is there
  // already is never replaced: precondition, or not_found where the upload is no longer known.
  virtual Async<ObjectInfo> assemble(ObjectRef ref, std::string upload_id, std::vector<PartInfo> parts,
                                     Deadline deadline) = 0;
  // Idempotent; not_found where the upload is no longer known.
  virtual Async<> abort_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) = 0;
};

}  // namespace hoist
