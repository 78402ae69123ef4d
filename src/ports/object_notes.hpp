// What is written beside an object's bytes, outside of the database, so that its records can be made
// again when the database is lost. uploads/recovery.hpp implements it; a store that keeps notes is given it
// when it is opened and when it recovers.
//
// Threads  engine threads of the database; must not block.
#pragma once

#include <string>

#include "ports/object_store.hpp"
#include "sql/database.hpp"

namespace hoist {

class ObjectNotes {
 public:
  virtual ~ObjectNotes() = default;
  // The note for the object that is about to be made; may be empty.
  virtual Result<std::string> note_for(sql::Transaction& tx, ObjectRef const& ref) = 0;
  // The object was found on disk with its note, and no row names it. Makes its records again; false: it is
  // not wanted back.
  virtual Result<bool> on_recovered(sql::Transaction& tx, ObjectInfo const& object,
                                    std::string const& note) = 0;
};

}  // namespace hoist
