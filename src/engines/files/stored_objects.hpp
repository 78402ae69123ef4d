// The objects of an engine that keeps them in files of its data folder: their store and the journal of
// records beside it, the threads that read and write them, what is done for them now and then, and how much
// space is left.
//
// Never opened where the objects are kept elsewhere: then its jobs do nothing.
//
// Threads   opened and asked by one thread.
// Lifetime  the database, the clock and the metrics outlive it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "adapters/disk/journal_file.hpp"
#include "adapters/disk/object_store.hpp"
#include "assembly/maintenance.hpp"
#include "assembly/stores.hpp"
#include "base/pool.hpp"
#include "engines/files/storage_watch.hpp"

namespace hoist {

class StoredObjects {
 public:
  // In the folder `root`.
  StoredObjects(std::string const& root, Clock const& clock, Metrics& metrics);

  // Once: who was not told at the beginning would miss what came before.
  Result<disk::Objects*> open(disk::Options options, std::int64_t reserve, sql::Database& database,
                              disk::Listeners listeners);
  // Null before that.
  [[nodiscard]] disk::Objects* objects() { return objects_.get(); }
  [[nodiscard]] Stores stores(Records records);
  [[nodiscard]] Pool& files() { return files_; }
  [[nodiscard]] RecordJournal& journal() { return journal_; }
  [[nodiscard]] StorageSpace space() const { return storage_->space(); }

  // Of every process.
  [[nodiscard]] Job measure();
  // Of one process of the installation.
  [[nodiscard]] Job sweep();
  // Moves what a crash left behind out of the way, and says so in the log.
  Async<> set_orphans_aside();

 private:
  Clock const& clock_;
  Metrics& metrics_;
  Pool files_;
  disk::JournalFile journal_;
  std::optional<Time> shortened_at_;
  std::unique_ptr<disk::Objects> objects_;
  std::unique_ptr<StorageWatch> storage_;
};

}  // namespace hoist
