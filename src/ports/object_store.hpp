// Bytes by bucket and key. Keys arrive with their tenant prefix; a store never interprets them.
//
// Promise  put() returns when the object is whole and durable; until then it never was. A reader sees one
//          whole version, or an error. On one key the last put wins.
// Threads  any; one reader is used by one coroutine at a time.
// Errors   not_found, precondition, too_large, invalid, conflict, storage_full, unavailable,
//          timeout, corrupt (stored bytes fail their hash).
// Contract tests/contract/object_store_contract.hpp.
//
// Objects in parts are in multiparts.hpp. What a store has to do beyond this so that we can serve it over S3
// ourselves is in served_objects.hpp. Who hears of objects that come and go is in arrivals.hpp.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.hpp"
#include "base/time.hpp"

namespace hoist {

struct ObjectRef {
  std::string bucket;
  std::string key;  // 1-1024 bytes of UTF-8
  auto operator<=>(ObjectRef const&) const = default;
};

using StringMap = std::map<std::string, std::string>;

struct ObjectInfo {
  ObjectRef ref;
  std::int64_t size = 0;
  std::string etag;  // without quotes
  std::string content_type;
  std::string sha256;   // raw bytes; empty where the store does not know it (multipart)
  StringMap metadata;   // x-amz-meta-*, names in lower case, without the prefix
  StringMap headers;    // cache-control, content-disposition, content-encoding, content-language, expires
  StringMap checksums;  // "crc32c" -> base64 value as S3 shows it
  StringMap tags;
  Time modified_at;
  std::string version;  // changes with the content of the key
  // Of an object made of parts, in order; empty for others, and in lists.
  std::vector<std::int64_t> part_sizes;
};

// What must be so of a key when a write is committed to it; "*" stands for any object.
struct WriteConditions {
  std::optional<std::string> if_match;       // its ETag is this
  std::optional<std::string> if_none_match;  // its ETag is not this
  // `etag` is that of the object there; absent: there is none. Errors: precondition; not_found.
  [[nodiscard]] Result<void> check(std::optional<std::string_view> etag) const;
};

struct PutOptions {
  std::string content_type = "application/octet-stream";
  StringMap metadata;
  StringMap headers;
  StringMap checksums;  // already verified by the caller; stored as given
  StringMap tags;
  WriteConditions conditions;
};

// As `info` is described, without conditions.
[[nodiscard]] inline PutOptions described_as(ObjectInfo const& info) {
  auto options = PutOptions{};
  options.content_type = info.content_type;
  options.metadata = info.metadata;
  options.headers = info.headers;
  options.checksums = info.checksums;
  options.tags = info.tags;
  return options;
}

struct CopyOptions {
  std::string version;            // the source's, or conflict; empty: any
  std::optional<PutOptions> put;  // absent: as its source is described, without conditions
};

struct ByteRange {
  std::int64_t first = 0;
  std::int64_t last = 0;  // inclusive
};

// Bytes in order. read() fills the front of `buffer` and returns how much; 0 is the end.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  virtual Async<std::size_t> read(std::span<char> buffer) = 0;
};

class ObjectReader : public ByteSource {
 public:
  [[nodiscard]] virtual ObjectInfo const& info() const = 0;
};

// The refusals that every store shares.
[[nodiscard]] std::unexpected<Error> no_such_key();
[[nodiscard]] std::unexpected<Error> no_such_bucket();

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;

  // For objects of our own making, which are small: thumbnails. Clients send theirs to the store.
  virtual Async<> put(ObjectRef ref, std::string bytes, PutOptions options, Deadline deadline) = 0;
  virtual Async<ObjectInfo> head(ObjectRef ref, Deadline deadline) = 0;
  virtual Async<std::unique_ptr<ObjectReader>> open(ObjectRef ref, std::optional<ByteRange> range,
                                                    Deadline deadline) = 0;
  // Idempotent: an absent key is success.
  virtual Async<> remove(ObjectRef ref, Deadline deadline) = 0;
  // The same bytes and ETag under another key; atomic for readers of `to`.
  virtual Async<ObjectInfo> copy(ObjectRef from, ObjectRef to, CopyOptions options, Deadline deadline) = 0;
};

}  // namespace hoist
