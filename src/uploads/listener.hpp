// What the store's reports mean to uploads, inside the store's own transaction: the object, the
// state and the message to the workers commit together, or the object is refused.
//
// Threads  engine threads of the database.
// Errors   forbidden refuses an object that nobody was granted: unknown id, ended or already there,
//          other size or type. Keys that are not of uploads are the operator's own and pass.
#pragma once

#include <functional>

#include "ports/broadcast.hpp"
#include "ports/object_events.hpp"
#include "ports/outbox.hpp"
#include "uploads/options.hpp"
#include "uploads/stages.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

// The message that makes a worker look at an upload. Sent with the transition to UPLOADED.
[[nodiscard]] Outgoing processing_message(Options const& options, Upload const& upload);

class ObjectListener final : public ObjectEvents {
 public:
  // Called after the commit of an upload's last part, on an engine thread; must not block. The
  // sweep completes what is missed.
  using PartsComplete = std::function<void(TenantId, UploadId)>;

  ObjectListener(Outbox& outbox, Broadcast& broadcast, Stages& stages, Clock const& clock, Options options);
  void on_parts_complete(PartsComplete action) {
    parts_complete_ = std::move(action);
  }  // before the first report

  Result<void> on_created(sql::Transaction& tx, ObjectInfo const& object) override;
  Result<void> on_part(sql::Transaction& tx, ObjectRef const& ref, std::string const& upload_id,
                       PartInfo const& part) override;
  Result<void> on_removed(sql::Transaction& tx, ObjectRef const& ref) override;
  // An upload whose row is lost is made again from its note, and goes through the workers once more.
  Result<std::string> describe(sql::Transaction& tx, ObjectRef const& ref) override;
  Result<bool> on_recovered(sql::Transaction& tx, ObjectInfo const& object, std::string const& note) override;

 private:
  Result<void> lose(sql::Transaction& tx, Upload upload);  // its bytes
  [[nodiscard]] std::optional<KeyParts> ours(ObjectRef const& ref) const;
  Result<void> send_to_workers(sql::Transaction& tx, Upload& upload, std::string what);

  Outbox& outbox_;
  Broadcast& broadcast_;
  Stages& stages_;
  Clock const& clock_;
  Options options_;
  PartsComplete parts_complete_;
};

}  // namespace hoist::uploads
