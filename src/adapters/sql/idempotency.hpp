// The Idempotency port over table idempotency_keys.
// Threads  any; the transaction isolates.
#pragma once

#include "ports/idempotency.hpp"

namespace hoist::sql_engine {

inline constexpr auto idempotency_kept = Micros{24 * 3'600'000'000LL};

class SqlIdempotency final : public Idempotency {
 public:
  Result<std::optional<StoredAnswer>> find(sql::Transaction& tx, IdempotentRequest const& request) override;
  Result<void> store(sql::Transaction& tx, IdempotentRequest const& request,
                     StoredAnswer const& answer) override;
};

// Removes answers kept long enough, of all tenants; answers how many.
Result<std::int64_t> purge_idempotency(sql::Transaction& tx);

}  // namespace hoist::sql_engine
