// The embedded object store: bytes in files, everything else in SQL.
//
//   bytes -> fresh file -> fdatasync -> one transaction: row, old version to garbage, Arrivals
//
// Threads     any. Files are read, written and hashed on the pool given, one job per buffer.
// Promise     commit() returns when file, name and row are on disk. Files are never overwritten, so a
//             reader keeps the version it opened, and replacing a key changes one row.
// Invariants  (1) the row is the commit point: a file without a row is rubbish, a row without its
//             file cannot come to be. (2) a file is deleted only after the transaction that dropped
//             its last reference, and never while it is being read or written. What no row names is
//             never deleted at once, because the rows may be what is wrong.
// Errors      corrupt when stored bytes are not those that were stored: a whole read fails before its
//             last byte, a range at least when the size is wrong.
// Lifetime    database and pool outlive the store; a writer or reader left over may outlive all of it,
//             if it is only destroyed.
// Bounds      writers_max writers of two buffers each; beyond them, unavailable.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "ports/arrivals.hpp"
#include "ports/object_notes.hpp"
#include "ports/served_objects.hpp"
#include "sql/database.hpp"

namespace hoist::disk {

inline constexpr std::size_t buffer_bytes = 256 * 1024;

struct Options {
  std::string root;
  std::vector<std::string> buckets;
  std::int64_t part_bytes_min = 5 * 1024 * 1024;  // all but the last part of a multipart upload
  std::size_t writers_max = 256;
  std::int64_t free_bytes_min = 64 * 1024 * 1024;  // left for the database
  Micros garbage_age = std::chrono::minutes{5};    // a reader may have looked the file up just before
  Micros orphan_age = std::chrono::hours{1};
  // A crash leaves fewer: more than that says that the database is not the one of these files.
  std::size_t orphans_at_once_max = 1'000;
  Micros set_aside_age = std::chrono::days{14};  // in lost+found
  Micros multipart_open_age_max = std::chrono::days{7};
  Micros multipart_done_age_max = std::chrono::days{1};
};

struct Swept {
  std::int64_t files = 0;       // deleted
  std::int64_t multiparts = 0;  // aborted because no client finished them
};

// Files that no row names.
struct Orphans {
  std::int64_t removed = 0;    // held nothing
  std::int64_t set_aside = 0;  // moved to lost+found, where they stay for set_aside_age
  std::int64_t left = 0;       // too many, so nothing was done to them
};

struct Recovered {
  std::int64_t objects = 0;     // made from their labels
  std::int64_t not_wanted = 0;  // there is a newer version, or the upload has ended
  std::int64_t incomplete = 0;  // made of files of which some are missing
  std::int64_t parts = 0;       // of multipart uploads, whether complete or not
  std::int64_t unlabelled = 0;  // unfinished, damaged, or stored by an early version
  std::int64_t put_back = 0;    // from lost+found
};

struct Damage {
  std::string file;
  std::vector<ObjectRef> objects;  // that contain it
  std::string cause;
};

struct Scrubbed {
  std::int64_t files = 0;
  std::int64_t bytes = 0;
  std::int64_t damaged = 0;
};

// Whom the store tells, inside its transactions; null: no feature. They outlive the store.
struct Listeners {
  Arrivals* arrivals = nullptr;
  ObjectNotes* notes = nullptr;
};

class Objects final : public ServedObjects {
 public:
  // Creates what is missing. `database` must be migrated.
  static Result<std::unique_ptr<Objects>> open(Options options, sql::Database& database, Pool& pool,
                                               Clock const& clock, Metrics& metrics,
                                               Listeners listeners = {});
  ~Objects() override;

  [[nodiscard]] std::int64_t free_bytes() const;  // of the file system

  Async<std::unique_ptr<ObjectWriter>> create(ObjectRef ref, std::optional<std::int64_t> size,
                                              Deadline deadline, EtagKind etag = EtagKind::sha256) override;
  Async<ObjectInfo> head(ObjectRef ref, Deadline deadline) override;
  Async<std::unique_ptr<ObjectReader>> open(ObjectRef ref, std::optional<ByteRange> range,
                                            Deadline deadline) override;
  Async<> remove_version(ObjectRef ref, std::string version, Deadline deadline) override;
  Async<ObjectInfo> copy(ObjectRef from, ObjectRef to, CopyOptions options, Deadline deadline) override;
  Async<> set_tags(ObjectRef ref, StringMap tags, Deadline deadline) override;
  Async<ObjectPage> list(ListRequest request, Deadline deadline) override;
  Async<std::vector<BucketInfo>> list_buckets(Deadline deadline) override;
  Async<bool> create_bucket(std::string name, Deadline deadline) override;
  Async<> remove_bucket(std::string name, Deadline deadline) override;
  Async<std::string> create_multipart(ObjectRef ref, PutOptions options, Deadline deadline) override;
  Async<std::unique_ptr<ObjectWriter>> create_part(ObjectRef ref, std::string upload_id, int number,
                                                   Deadline deadline,
                                                   EtagKind etag = EtagKind::sha256) override;
  Async<MultipartInfo> head_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) override;
  Async<std::vector<PartInfo>> list_parts(ObjectRef ref, std::string upload_id, int after, int limit,
                                          Deadline deadline) override;
  Async<ObjectInfo> complete_multipart(ObjectRef ref, std::string upload_id, std::vector<PartInfo> parts,
                                       Deadline deadline, CompleteOptions options) override;
  Async<> abort_multipart(ObjectRef ref, std::string upload_id, Deadline deadline) override;
  Async<std::vector<MultipartInfo>> list_multiparts(MultipartListRequest request, Deadline deadline) override;

  // Deletes garbage old enough and gives up multipart uploads that no client finishes. Call now and then.
  Async<Swept> sweep(Time now);
  // Moves files that no row names, as a crash leaves them, to lost+found. Call once after start; it may
  // take a while.
  Async<Orphans> set_orphans_aside(Time now, bool however_many = false);
  // Without moving anything: `left` are those that no row names.
  Async<Orphans> count_orphans(Time now);
  // Makes the rows of labelled files that no row names, those in lost+found too, as far as `notes` wants
  // them; null: all. With no server running.
  Async<Recovered> recover(ObjectNotes* notes = nullptr);
  // Reads every file and compares it with its hash.
  Async<Scrubbed> scrub(std::function<void(Damage const&)> report);

  struct Context;

 private:
  explicit Objects(std::shared_ptr<Context> context);
  std::shared_ptr<Context> context_;
};

}  // namespace hoist::disk
