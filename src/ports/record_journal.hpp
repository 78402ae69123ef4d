// What no stored file tells of the records over it, kept outside of the database so that it survives the
// loss of one: which records share the bytes of another's object, and which records have ended.
//
// Threads     any; append() never blocks, so it may be called after a commit.
// Promise     after flush() all that was appended before is on disk. Entries come back in any order, and one
//             that was damaged does not come back. What is appended in this process's last seconds and was
//             never flushed may be lost.
// Invariants  (1) an id of a record is used once, so an end holds for ever.
//             (2) an end is kept for as long as a file may tell of its record; then it may be forgotten.
#pragma once

#include <functional>
#include <string>

#include "base/async.hpp"
#include "base/time.hpp"

namespace hoist {

struct RecordEntry {
  std::string record;  // its key: {tenant}/{project}/...; unique
  std::string object;  // the key of the object under it
  bool ended = false;
  Time at;
  std::string note;  // what the record is made again from; empty of one that has ended
};

class RecordJournal {
 public:
  virtual ~RecordJournal() = default;
  virtual void append(RecordEntry entry) = 0;
  // Errors: storage_full; then the entries wait for the next one.
  virtual Async<> flush(Deadline deadline) = 0;
  // Blocks. Nothing of a journal that was never written.
  virtual Result<void> read(std::function<void(RecordEntry)> const& each) = 0;
  // Nothing was ever written to it.
  [[nodiscard]] virtual bool is_new() const = 0;
};

}  // namespace hoist
