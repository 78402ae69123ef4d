// Who hears of objects and parts that arrive in a store, or leave it. uploads/arrivals.hpp implements it;
// a store is given it when it is opened (adapters/disk/object_store.hpp) and calls it inside the
// transaction that makes the change visible: object, upload state and queue message commit together or
// not at all. A store that cannot do so, as S3, has the consumer of its event queue call it.
//
// Errors   an error from on_created or on_part refuses the object or part: nothing is stored, and
//          the client sees it (forbidden for a key that no client was granted).
// Threads  engine threads of the database; must not block.
#pragma once

#include "ports/multiparts.hpp"
#include "sql/database.hpp"

namespace hoist {

class Arrivals {
 public:
  virtual ~Arrivals() = default;
  // Whose the key is: what is reported of it changes nothing of anybody else. Nothing: the operator's.
  [[nodiscard]] virtual std::optional<TenantId> owner_of(ObjectRef const& ref) const = 0;
  virtual Result<void> on_created(sql::Transaction& tx, ObjectInfo const& object) = 0;
  virtual Result<void> on_part(sql::Transaction& tx, ObjectRef const& ref, std::string const& upload_id,
                               PartInfo const& part) = 0;
  virtual Result<void> on_removed(sql::Transaction& tx, ObjectRef const& ref) = 0;
};

}  // namespace hoist
