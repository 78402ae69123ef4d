// What the data folder has to hold, kept outside of its databases: DATA/witness.json. A database that was
// put back from a backup, lost the end of its log, or is gone says nothing itself; beside the witness it
// does.
//
// How      each database carries an identity and a generation. note() raises the generation in the database
//          and, when that is on disk, writes it to the witness. A crash loses nothing committed, so a
//          database of a lower generation is not the one that was left. DATA/running is there as long as
//          the databases are open: who finds it at start was preceded by a crash.
// Cost     one commit a database and two syncs, at the start and once a minute.
// Threads  open() and look_*() at start, from one thread; note() from one coroutine at a time.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/pool.hpp"
#include "engines/data_folder.hpp"
#include "sql/database.hpp"

namespace hoist::embedded {

class Witness {
 public:
  using Problems = std::vector<std::string>;

  // Errors: corrupt when the file is none of ours.
  static Result<std::unique_ptr<Witness>> open(DataFolder const& folder);

  // What is missing or cut off, seen before any database is opened.
  [[nodiscard]] Result<Problems> look_at_files() const;
  // Is this the database that was left? From now on note() raises its generation.
  Result<Problems> look_at(std::string name, sql::Database& database);
  // The server that was here before did not come to close its databases.
  [[nodiscard]] bool unclean() const { return unclean_; }

  Async<> note(Pool& files, Deadline deadline);

  // While one lives, the databases are in use; it ends before they are closed.
  class Use {
   public:
    explicit Use(DataFolder const& folder);
    ~Use();
    Use(Use const&) = delete;

   private:
    DataFolder const& folder_;
  };

 private:
  struct Mark {
    std::string id;
    std::int64_t generation = 0;
  };
  explicit Witness(DataFolder const& folder) : folder_{folder} {}
  Result<void> parse(std::string const& text);
  Result<void> write() const;
  static Result<Mark> raise(sql::Transaction& tx);

  DataFolder const& folder_;
  bool found_ = false;  // there was a witness
  bool unclean_ = false;
  std::map<std::string, Mark> marks_;  // by database, as last written
  std::vector<std::string> keys_;      // files of keys/ that were there
  std::map<std::string, sql::Database*> databases_;
};

// Nothing, or the refusal to start: every problem, and what can be done.
[[nodiscard]] Result<void> refuse(Witness::Problems const& problems, DataFolder const& folder);

}  // namespace hoist::embedded
