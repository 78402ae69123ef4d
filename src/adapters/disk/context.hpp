// What the store, its writers and its readers share.
#pragma once

#include <atomic>
#include <memory>

#include "adapters/disk/blob_folders.hpp"
#include "adapters/disk/object_store.hpp"
#include "adapters/disk/object_table.hpp"

namespace hoist::disk {

struct Objects::Context {
  Context(Options wanted, sql::Database& db, Pool& files, Clock const& time, Metrics& metrics, Listeners told)
      : options{std::move(wanted)},
        database{db},
        pool{files},
        clock{time},
        listeners{told},
        writers{metrics.gauge("hoist_objects_writers", "Objects and parts being written")},
        bytes_written{
            metrics.counter("hoist_objects_written_bytes_total", "Bytes of committed objects and parts")},
        set_aside{metrics.gauge("hoist_objects_set_aside", "Files in lost+found")},
        orphans_left{
            metrics.gauge("hoist_objects_orphans_left", "Files unknown to the database, too many to move")},
        damaged{metrics.counter("hoist_objects_damaged_total", "Reads that met damaged files")} {}

  [[nodiscard]] ObjectTable table(sql::Transaction& tx) const {
    return ObjectTable{tx, options.buckets, listeners.arrivals, clock.now()};
  }
  // Of a change to this object: what shares its files has the same owner, because only a copy, which is work
  // of the system, crosses owners.
  [[nodiscard]] Scope scope_of(ObjectRef const& ref) const {
    auto owner = listeners.arrivals != nullptr ? listeners.arrivals->owner_of(ref) : std::nullopt;
    return owner ? Scope::claiming({*std::move(owner)}) : Scope::system();
  }
  // What is to be known of the object when it is recovered.
  Async<std::string> note_for(ObjectRef ref, Deadline deadline);
  // Writes the blob that lists the files of `planned`. Kept by the transaction that commits it.
  Async<std::shared_ptr<Blob>> write_manifest(Stored planned, Deadline deadline);
  Async<> check_bucket(std::string const& bucket, Deadline deadline);

  Options options;
  sql::Database& database;
  Pool& pool;
  Clock const& clock;
  Listeners listeners;
  std::shared_ptr<BlobFolders> folders;
  std::atomic<std::size_t> writers_open{0};
  std::atomic<bool> closed{false};  // the store is gone, and perhaps the pool: writers may end after it
  Gauge writers;
  Counter bytes_written;
  Gauge set_aside;
  Gauge orphans_left;
  Counter damaged;
};

// When a commit fails after its function agreed, it may yet have reached the disk: then the files have
// to stay, and the scan for orphans decides. A full disk certainly took it back.
[[nodiscard]] bool may_be_committed(Result<ObjectInfo> const& recorded, bool agreed);

}  // namespace hoist::disk
