// What the journal of records is told of uploads: that one shares the bytes of another, of which no file
// tells, and that one has been deleted, so that a file which is still there does not bring it back.
//
// Threads   any.   Lifetime  the journal outlives it.
// Promise   once settle() has returned, what was committed before comes back from the journal.
#pragma once

#include <map>
#include <set>

#include "ports/record_journal.hpp"
#include "sql/database.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

class SharingJournal {
 public:
  // Without a journal nothing is kept.
  explicit SharingJournal(RecordJournal* journal) : journal_{journal} {}

  // Both with the transaction's commit. An upload over bytes of its own is no entry.
  void record_sharing(sql::Transaction& tx, Upload const& upload);
  void record_deletion(sql::Transaction& tx, Upload const& upload);
  // A failure is logged: the rows are safe, only their second copy is late.
  Async<> settle(Deadline deadline);
  // The entries of rows that are older than the journal, or whose journal was lost.
  Async<> begin(sql::Database& database, Deadline deadline);

  struct Told {
    std::map<std::string, RecordEntry> sharing;  // by record; of those that have not ended
    std::set<std::string> ended;                 // records
    std::set<std::string> shared;                // objects that one of `sharing` is over
  };
  [[nodiscard]] Result<Told> read() const;

 private:
  RecordJournal* journal_;
};

}  // namespace hoist::uploads
