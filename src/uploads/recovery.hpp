// Uploads whose rows were lost, made again from the notes that the store keeps beside their bytes, and from
// the journal where they share bytes. They go through the workers once more. What the journal knows as
// deleted does not come back, nor does its row of an older database.
//
//   CHECK(recovery.read_journal());
//   CO_TRY(auto const objects, co_await store.recover(&recovery));
//   CO_TRY(auto const uploads, co_await recovery.recover_sharing(database, store, deadline));
//
// Threads  engine threads of the database, and one thread for the rest.
// Lifetime what it is given outlives it; it outlives the store.
#pragma once

#include "ports/object_notes.hpp"
#include "uploads/handover.hpp"
#include "uploads/sharing_journal.hpp"

namespace hoist::uploads {

class Recovery final : public ObjectNotes {
 public:
  Recovery(Handover& handover, SharingJournal const& journal, Options const& options)
      : handover_{handover}, journal_{journal}, options_{options} {}

  Result<std::string> note_for(sql::Transaction& tx, ObjectRef const& ref) override;
  Result<bool> on_recovered(sql::Transaction& tx, ObjectInfo const& object, std::string const& note) override;

  Result<void> read_journal();
  struct Shared {
    std::int64_t uploads = 0;    // that share bytes, made again
    std::int64_t byteless = 0;   // whose bytes are not there
    std::int64_t deletions = 0;  // of rows that an older database still had
  };
  Async<Shared> recover_sharing(sql::Database& database, ObjectStore& objects, Deadline deadline);

 private:
  Result<Upload> make_again(sql::Transaction& tx, KeyParts const& key, ObjectInfo const& object,
                            std::string const& note);
  Result<void> insert_recovered(sql::Transaction& tx, Upload const& upload, std::int64_t bytes);
  Result<bool> make_sharer_again(sql::Transaction& tx, RecordEntry const& entry);
  Result<bool> delete_again(sql::Transaction& tx, std::string const& record);

  Handover& handover_;
  SharingJournal const& journal_;
  Options const& options_;
  SharingJournal::Told told_;
};

}  // namespace hoist::uploads
