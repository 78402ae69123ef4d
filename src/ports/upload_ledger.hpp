// What processing needs of uploads: the job to do, and where its outcome goes. Each call is one
// conditional transition of the upload's state table.
// Errors   conflict: the upload left the state this call may come from (deleted meanwhile).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "model/file_types.hpp"
#include "model/ids.hpp"
#include "ports/media.hpp"
#include "ports/object_store.hpp"
#include "ports/scanner.hpp"

namespace hoist {

struct UploadJob {
  TenantId tenant;
  ProjectId project;
  BatchId batch;  // empty: none
  UploadId id;
  ObjectRef object;
  std::string filename;
  std::string declared_type;
  std::int64_t size = 0;
  std::string expected_sha256;  // raw; empty when the client declared none
  bool allow_unscannable = false;
  std::shared_ptr<FileTypes const> types;  // that the tenant takes; null: every type
  std::string trace_parent;                // of its message; empty: none
};

struct StoredThumbnail {
  int size = 0;
  int width = 0;
  int height = 0;
  ObjectRef object;
};

struct ProcessedFile {
  std::string sha256;  // raw, of exactly the bytes scanned
  ScanReport scan;
  Time scanned_at;
  MediaReport media;  // without the thumbnails' bytes
  std::vector<StoredThumbnail> thumbnails;
};

struct ProcessingFailure {
  std::string code;     // "infected", "unscannable", "corrupt_file", ...
  std::string message;  // a plain sentence for the user
  std::optional<ScanReport> scan;
};

// What is done to a file that is PROCESSING.
enum class ProcessingStage : std::uint8_t { none, scanning, inspecting, previewing };

class UploadLedger {
 public:
  virtual ~UploadLedger() = default;
  // UPLOADED or PROCESSING -> PROCESSING. Empty when the upload no longer wants processing.
  virtual Async<std::optional<UploadJob>> begin(TenantId tenant, UploadId id, std::int64_t attempt,
                                                Deadline deadline) = 0;
  virtual Async<> retrying(TenantId tenant, UploadId id, std::string reason,
                           Deadline deadline) = 0;  // timeline only
  // Likewise, for a file that was not tried because of something else.
  virtual Async<> waiting(TenantId tenant, UploadId id, std::string reason, Deadline deadline) = 0;
  virtual Async<> complete(TenantId tenant, UploadId id, ProcessedFile file, Deadline deadline) = 0;
  // Told to those who look or watch, and kept nowhere: at once, without the
  // disk.
  virtual void stage(UploadJob const& job, ProcessingStage stage) = 0;
  virtual Async<> failed(TenantId tenant, UploadId id, ProcessingFailure failure, Deadline deadline) = 0;
};

}  // namespace hoist
