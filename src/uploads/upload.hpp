// An upload and a batch as stored, and a file as asked for.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "model/ids.hpp"
#include "model/upload.hpp"
#include "ports/object_store.hpp"
#include "uploads/options.hpp"

namespace hoist::uploads {

struct Checksum {
  std::string algorithm;  // "sha256", "sha1", "crc32c", "crc32"
  std::string hex;        // lower case
};

// A file that a client wants to upload, already validated.
struct NewFile {
  std::string filename;
  std::string content_type;
  std::int64_t size = 0;
  std::optional<Checksum> checksum;
  std::string metadata;  // JSON object; empty: none
  std::string path;  // below the folder that was given to the sender, ends in the filename; empty: not said
};

struct Upload {
  TenantId tenant;
  UploadId id;
  ProjectId project;
  BatchId batch;  // empty: none
  UserId user;
  std::string filename;
  std::string content_type;
  std::int64_t size = 0;
  std::optional<Checksum> checksum;
  std::string metadata;
  std::string path;
  UploadState state = UploadState::pending;
  Time created_at;
  Time updated_at;
  Time expires_at;
  std::optional<Time> deadline;
  std::int64_t requeues = 0;
  std::int64_t part_size = 0;  // 0: one PUT
  std::string parts_seen;
  std::string multipart_id;
  std::string sha256;  // hex, of the bytes scanned
  std::string media;
  std::string scan;
  std::string thumbnails;
  std::string preview;  // JSON; empty until there is an answer
  std::string error_code;
  std::string error_message;
  std::string timeline;
  std::string leftovers;     // JSON: objects of its own that it needs no more; empty: none
  std::string trace_parent;  // of the request that was granted it; W3C. Of a file of a batch: the batch's
  std::string object_key;    // of bytes it shares, or once shared; empty: they are its own

  [[nodiscard]] bool multipart() const { return part_size > 0; }
  void plan_parts(std::int64_t bytes) {
    part_size = bytes;
    parts_seen.assign(static_cast<std::size_t>((size + bytes - 1) / bytes), '0');
  }
  [[nodiscard]] int part_count() const { return static_cast<int>(parts_seen.size()); }
  [[nodiscard]] std::int64_t size_of_part(int number) const {
    return number < part_count() ? part_size : size - part_size * (part_count() - 1);
  }
};

struct Batch {
  TenantId tenant;
  BatchId id;
  ProjectId project;
  UserId user;
  std::int64_t files = 0;
  std::int64_t have = 0;
  std::int64_t refused = 0;
  Time created_at;
  std::string trace_parent;  // of the request that creates it; W3C. Only written here: see Handover
};

// {tenant}/{project}/uploads/{id}: nothing a caller typed freely is in it.
[[nodiscard]] std::string key_of(TenantId const& tenant, ProjectId const& project, UploadId const& id);
// Where the upload's bytes are.
[[nodiscard]] inline std::string key_of(Upload const& upload) {
  return upload.object_key.empty() ? key_of(upload.tenant, upload.project, upload.id) : upload.object_key;
}

struct KeyParts {
  TenantId tenant;
  ProjectId project;
  UploadId id;
};
// nullopt: not the key of an upload, whether one exists or not.
[[nodiscard]] std::optional<KeyParts> parse_key(std::string_view key);
// Likewise for an object in any bucket.
[[nodiscard]] std::optional<KeyParts> key_parts(Options const& options, ObjectRef const& ref);

}  // namespace hoist::uploads
