// Uploads whose rows were lost, made again from the notes that the store keeps beside their bytes. They go
// through the workers once more.
//
// Threads  engine threads of the database.   Lifetime  what it is given outlives it; it outlives the store.
#pragma once

#include "ports/object_notes.hpp"
#include "uploads/handover.hpp"

namespace hoist::uploads {

class Recovery final : public ObjectNotes {
 public:
  Recovery(Handover& handover, Options const& options) : handover_{handover}, options_{options} {}

  Result<std::string> note_for(sql::Transaction& tx, ObjectRef const& ref) override;
  Result<bool> on_recovered(sql::Transaction& tx, ObjectInfo const& object, std::string const& note) override;

 private:
  Result<Upload> make_again(sql::Transaction& tx, KeyParts const& key, ObjectInfo const& object,
                            std::string const& note);

  Handover& handover_;
  Options const& options_;
};

}  // namespace hoist::uploads
