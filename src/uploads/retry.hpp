// A file that failed, given to the workers once more.
//
// Invariants  only while its bytes are kept: until a failed file's deadline, which an infected one, in
//             quarantine, does not have. The quota that it gave back when it failed is taken again.
// Threads     any.   Lifetime  what it was made with outlives it.
// Errors      not_found; conflict, with the slug not_retryable when its bytes are gone or withheld;
//             quota_exceeded.
#pragma once

#include "model/call_context.hpp"
#include "ports/audit.hpp"
#include "ports/idempotency.hpp"
#include "ports/object_store.hpp"
#include "ports/tenant_limits.hpp"
#include "sql/database.hpp"
#include "uploads/handover.hpp"

namespace hoist::uploads {

class Retry {
 public:
  struct Needs {
    sql::Database& database;
    Handover& handover;
    ObjectStore& objects;
    Idempotency& idempotency;
    Audit& audit;
    TenantLimitsSource& limits;
  };
  Retry(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  // The upload, UPLOADED again. Repeating it is harmless: what is on its way or COMPLETED stays so, and
  // with an Idempotency-Key one that has failed again does, too.
  Async<Upload> retry(CallContext call, UploadId id);

 private:
  Async<bool> is_stored(Upload const& upload, Deadline deadline);
  Result<Upload> send_again(sql::Transaction& tx, CallContext const& call, UploadId const& id, bool stored);

  Needs needs_;
  Options const& options_;
};

}  // namespace hoist::uploads
