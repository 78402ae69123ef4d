// The end of an upload by its owner, and what it leaves behind.
//
// The state changes first and the bytes go afterwards, with a deadline on the row: a server that dies in
// between leaves work for the watchdog, and never a row that promises bytes which are gone. Bytes that
// other uploads share stay until the last of those has ended.
//
// Threads  any.   Lifetime  what it is given outlives it; it outlives every awaitable it returned.
#pragma once

#include "model/call_context.hpp"
#include "ports/audit.hpp"
#include "ports/multiparts.hpp"
#include "ports/object_store.hpp"
#include "sql/database.hpp"
#include "uploads/options.hpp"
#include "uploads/sharing_journal.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

class Removal {
 public:
  struct Needs {
    sql::Database& database;
    ObjectStore& objects;
    Multiparts& multiparts;
    Audit& audit;
    SharingJournal& journal;
  };
  Removal(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  // CANCELLED before the bytes were there, DELETED after. Repeating it is harmless. Errors: not_found.
  Async<Upload> remove(CallContext call, UploadId id);
  // Removes what an ended upload leaves in the store, unless others share it, or what a COMPLETED one needs
  // no more; then takes its deadline away.
  Async<> clean_up(Upload upload, Deadline deadline);

 private:
  Async<> remove_bytes(Upload const& upload, Deadline deadline);

  Needs needs_;
  Options const& options_;
};

}  // namespace hoist::uploads
