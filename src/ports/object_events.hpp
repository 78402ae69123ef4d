// What the embedded object store tells the rest, inside the transaction that makes a change
// visible: object, upload state and queue message commit together or not at all.
// (On S3 the same functions are called by the consumer of the bucket's event queue.)
//
// Errors   an error from on_created or on_part refuses the object or part: nothing is stored, and
//          the client sees it (forbidden for a key nobody was granted).
// Threads  engine threads of the database; must not block.
#pragma once

#include "ports/object_store.hpp"
#include "sql/database.hpp"

namespace hoist {

class ObjectEvents {
 public:
  virtual ~ObjectEvents() = default;
  virtual Result<void> on_created(sql::Transaction& tx, ObjectInfo const& object) = 0;
  virtual Result<void> on_part(sql::Transaction& tx, ObjectRef const& ref, std::string const& upload_id,
                               PartInfo const& part) = 0;
  virtual Result<void> on_removed(sql::Transaction& tx, ObjectRef const& ref) = 0;

  // What the store keeps beside the object's bytes, outside of the database; may be empty. Asked just
  // before the object is made.
  virtual Result<std::string> describe(sql::Transaction& tx, ObjectRef const& ref) = 0;
  // The database was lost and the object found on disk, with what describe() said. false: do not make it.
  virtual Result<bool> on_recovered(sql::Transaction& tx, ObjectInfo const& object,
                                    std::string const& note) = 0;
};

}  // namespace hoist
