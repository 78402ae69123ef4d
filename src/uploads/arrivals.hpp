// What the store's reports mean to uploads, inside the store's own transaction: the object, the
// state and the message to the workers commit together, or the object is refused.
//
// The store is given this object when it is opened, and calls it. After the last part of an upload it
// puts the upload into WholeUploads, from where Completion makes the object of the parts.
//
// Threads  engine threads of the database.   Lifetime  what it is given outlives it; it outlives the store.
// Errors   forbidden refuses an object that no client was granted: unknown id, ended or already there,
//          other size or type. Keys that are not of uploads are the operator's own and pass.
#pragma once

#include "ports/arrivals.hpp"
#include "ports/wakeups.hpp"
#include "uploads/handover.hpp"
#include "uploads/options.hpp"
#include "uploads/sharing_journal.hpp"
#include "uploads/stages.hpp"
#include "uploads/whole_uploads.hpp"

namespace hoist::uploads {

class UploadArrivals final : public Arrivals {
 public:
  struct Needs {
    Handover& handover;
    WholeUploads& whole;
    Stages& stages;
    SharingJournal& journal;
  };
  UploadArrivals(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  [[nodiscard]] std::optional<TenantId> owner_of(ObjectRef const& ref) const override;
  Result<void> on_created(sql::Transaction& tx, ObjectInfo const& object) override;
  Result<void> on_part(sql::Transaction& tx, ObjectRef const& ref, std::string const& upload_id,
                       PartInfo const& part) override;
  Result<void> on_removed(sql::Transaction& tx, ObjectRef const& ref) override;

 private:
  Result<void> lose(sql::Transaction& tx, Upload upload);  // its bytes

  Needs needs_;
  Options const& options_;
};

}  // namespace hoist::uploads
