// How long events are kept, per tenant. What goes leaves its leaf hash, so that every proof and every
// later checkpoint still holds; a reader whose cursor points there is told so (cursor_expired).
//
// Units    0 keeps for ever.
// Threads  any.
#pragma once

#include "events/checkpoints.hpp"

namespace hoist::events {

inline constexpr std::int64_t retention_days_max = 36'500;

class Retention {
 public:
  struct Needs {
    sql::Database& database;
    EventIndex& index;
    Checkpoints& checkpoints;
  };
  // `standard` holds for tenants without a rule of their own; audit trails are kept unless they have one.
  Retention(Needs needs, std::chrono::seconds standard) : needs_{needs}, standard_{standard} {}

  Result<std::chrono::seconds> get(sql::Transaction& tx, TenantId const& tenant);
  Result<void> set(sql::Transaction& tx, TenantId const& tenant, std::chrono::seconds keep);

  // Removes what was received before `before`; a checkpoint covers it first. Answers how many went.
  Async<std::int64_t> retire(TenantId tenant, Time before, Deadline deadline);
  // Does so for every tenant by its rule.
  Async<> sweep(Deadline deadline);

 private:
  Async<std::int64_t> first_of(TenantId const& tenant, Deadline deadline);
  Result<std::int64_t> retire_step(sql::Transaction& tx, TenantId const& tenant, Time before,
                                   std::int64_t covered);

  Needs needs_;
  std::chrono::seconds standard_;
};

}  // namespace hoist::events
