// Where the workers report: each call is one conditional transition.
#pragma once

#include "ports/tenant_limits.hpp"
#include "ports/upload_ledger.hpp"
#include "ports/wakeups.hpp"
#include "sql/database.hpp"
#include "uploads/options.hpp"
#include "uploads/sharing_journal.hpp"
#include "uploads/stages.hpp"

namespace hoist::uploads {

class Ledger final : public UploadLedger {
 public:
  struct Needs {
    sql::Database& database;
    Wakeups& wakeups;
    TenantLimitsSource& limits;
    Stages& stages;
    SharingJournal& journal;
    Clock const& clock;
  };
  Ledger(Needs needs, Options const& options) : needs_{needs}, options_{options} {}

  Async<std::optional<UploadJob>> begin(TenantId tenant, UploadId id, std::int64_t attempt,
                                        Deadline deadline) override;
  Async<> retrying(TenantId tenant, UploadId id, std::string reason, Deadline deadline) override;
  Async<> waiting(TenantId tenant, UploadId id, std::string reason, Deadline deadline) override;
  Async<> complete(TenantId tenant, UploadId id, ProcessedFile file, Deadline deadline) override;
  void stage(UploadJob const& job, ProcessingStage stage) override;
  Async<> failed(TenantId tenant, UploadId id, ProcessingFailure failure, Deadline deadline) override;

 private:
  Async<> remark(TenantId tenant, UploadId id, std::string what, std::string reason, Deadline deadline);

  Needs needs_;
  Options const& options_;
};

}  // namespace hoist::uploads
