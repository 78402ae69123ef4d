// Grants the files of a batch, in one transaction with one reservation of quota.
//
// Threads  any.   Lifetime  what it is given outlives it; it outlives every awaitable it returned.
#pragma once

#include <functional>
#include <map>
#include <variant>

#include "base/metrics.hpp"
#include "model/call_context.hpp"
#include "ports/audit.hpp"
#include "ports/idempotency.hpp"
#include "ports/tenant_limits.hpp"
#include "sql/database.hpp"
#include "uploads/draft.hpp"
#include "uploads/sharing_journal.hpp"
#include "uploads/transfers.hpp"

namespace hoist::uploads {

struct BatchItem {
  std::variant<Upload, Refusal> what;
  bool have = false;   // the bytes are stored already
  bool older = false;  // the Upload is an older one of the same file, not one of this batch
  std::optional<Transfer> transfer;
};
struct CreatedBatch {
  Batch batch;
  std::vector<StateCount> counts;
  std::vector<BatchItem> items;
};

class BatchCreation {
 public:
  struct Needs {
    sql::Database& database;
    Idempotency& idempotency;
    Audit& audit;
    TenantLimitsSource& limits;
    Transfers& transfers;
    Grants const& grants;
    SharingJournal& journal;
    Clock const& clock;
    Metrics& metrics;
  };
  BatchCreation(Needs needs, Options const& options);

  // A file that is refused fails alone. Errors: storage_full, key_reuse.
  Async<CreatedBatch> create(CallContext call, NewBatch wanted);

 private:
  struct Outcome;
  [[nodiscard]] CreatedBatch draft(CallContext const& call, NewBatch const& wanted) const;
  Result<Outcome> insert(sql::Transaction& tx, CallContext const& call, CreatedBatch const& draft);
  Result<CreatedBatch> repeat(sql::Transaction& tx, TenantId const& tenant, std::string const& stored);
  Async<Outcome> insert_while(CallContext const& call, CreatedBatch const& draft,
                              std::function<void()> meanwhile);
  Async<> begin_transfers(CreatedBatch& batch, std::vector<std::optional<Transfer>> ready, Deadline deadline);

  Needs needs_;
  Options const& options_;
  Counter created_;
  Counter refused_;
};

}  // namespace hoist::uploads
