// The folder that holds everything of an embedded Hoist.
//
//   DATA/hoist.db         SQLite: every row but the details of events
//   DATA/details.db       SQLite: the details of events
//   DATA/objects/         blob files; below lost+found those that hoist.db does not know
//   DATA/objects/records.journal   which records share a blob's bytes, and which have ended
//   DATA/keys/            keys of tokens and of the event log, S3 credentials; mode 0600
//   DATA/keys/event_marks.json   how far each event log was signed; belongs to the keys, not to the rows
//   DATA/keys/task_ends.json     the newest signature of how far the groups of tasks were, and its key
//   DATA/clamd/           the private clamd: configuration, socket, test signatures
//   DATA/spool/           files while they are processed; never needed after a restart
//   DATA/cli.json         address and token for the command line on this machine, mode 0600
//   DATA/witness.json     what the databases have to hold; see witness.hpp
//   DATA/clock            shared memory: what all processes of the folder take for the time
//   DATA/running          there while a server has the databases open
//   DATA/lock             held by the one server of this folder
//
// Errors   unavailable when another server holds the folder; invalid when a secret file can be
//          read by others.
#pragma once

#include <string>

#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist {

class DataFolder {
 public:
  static Result<DataFolder> open(std::string path);
  DataFolder(DataFolder&& other) noexcept;
  ~DataFolder();

  [[nodiscard]] std::string path(std::string_view name) const;
  [[nodiscard]] bool created() const { return created_; }  // this is the first start
  [[nodiscard]] bool holds_objects() const;                // bytes that clients stored
  // Keeps a damaged database under another name, and answers that name.
  Result<std::string> move_database_away(std::string_view name, Time now) const;
  // One server a folder. Errors: unavailable.
  Result<void> lock();
  [[nodiscard]] bool is_served() const;  // a server holds the lock

 private:
  DataFolder(std::string path, bool created) : path_{std::move(path)}, created_{created} {}
  std::string path_;
  bool created_;
  int lock_ = -1;
};

// Makes the names in a folder durable.
void sync_folder(std::string const& path);

}  // namespace hoist
