// Grants one upload: quota and row in one transaction, then the URLs to send its bytes to.
//
// Threads  any.   Lifetime  what it is given outlives it; it outlives every awaitable it returned.
#pragma once

#include <optional>

#include "base/metrics.hpp"
#include "model/call_context.hpp"
#include "ports/audit.hpp"
#include "ports/idempotency.hpp"
#include "ports/tenant_limits.hpp"
#include "sql/database.hpp"
#include "uploads/draft.hpp"
#include "uploads/sharing_journal.hpp"
#include "uploads/transfers.hpp"
#include "uploads/upload_ticket.hpp"

namespace hoist::uploads {

struct Created {
  Upload upload;
  std::optional<Transfer> transfer;  // absent when nothing is left to transfer
  bool have = false;                 // the Upload is an older one of the same file
};

class Creation {
 public:
  struct Needs {
    sql::Database& database;
    Idempotency& idempotency;
    Audit& audit;
    TenantLimitsSource& limits;
    Transfers& transfers;
    SharingJournal& journal;
    Clock const& clock;
    Metrics& metrics;
  };
  Creation(Needs needs, Options const& options);

  // In parts or not as the caller wishes; absent: by its size.
  // Errors: quota_exceeded, storage_full, key_reuse, invalid for a type that the tenant does not take.
  Async<Created> create(CallContext call, NewUpload wanted, std::optional<bool> in_parts);
  // At the cost of a ticket, in one piece, and without a look at what others have stored.
  // Errors: also those of charge_ticket().
  Async<Created> create_by_ticket(CallContext call, NewUpload wanted, UploadTicket ticket);

 private:
  struct Order;
  Async<Created> create(Order const& order);
  Result<Created> insert(sql::Transaction& tx, Order const& order);
  Result<void> insert_granted(sql::Transaction& tx, CallContext const& call, Upload const& upload);

  Needs needs_;
  Options const& options_;
  Counter created_;
};

}  // namespace hoist::uploads
