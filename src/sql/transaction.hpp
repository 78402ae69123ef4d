// What a function of a transaction may do; see sql/database.hpp for what it may assume.
//
// SQL      one text for all engines: $1, $2, ... parameters, RETURNING, ON CONFLICT, the lock words below,
//          TEXT, BIGINT, DOUBLE PRECISION. Time is BIGINT microseconds UTC; ids are TEXT; JSON is TEXT.
// Errors   the first error of a statement ends the transaction: nothing of it is kept, every further
//          statement answers that error, and so does the transaction, whatever its function returns. A
//          function that expects a row to exist already says ON CONFLICT.
// Threads  that of the function it was given to.
// Lifetime until that function returns.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/error.hpp"
#include "model/scope.hpp"
#include "model/topic.hpp"
#include "sql/value.hpp"

namespace hoist::sql {

// At the end of a SELECT, in subqueries too: the rows found stay as they are until the transaction ends.
// Another transaction that wants them waits. An engine with one writer has no need of these words and drops
// them.
inline constexpr auto for_update = std::string_view{" FOR UPDATE"};

enum class Claim {
  held,     // the transaction had it before
  granted,  // it has it now; what it read of the tenant until now may be outdated
  refused   // another transaction has it
};

class Transaction {
 public:
  virtual ~Transaction() = default;
  [[nodiscard]] virtual Scope const& scope() const = 0;
  // The database's time, the same at every call. All processes that share the data share this clock, and it
  // never runs backwards: leases and deadlines are rows that compare with it.
  [[nodiscard]] virtual Time now() const = 0;
  // What belongs to the tenant is this transaction's own until it ends, beside what it had before. Waits for
  // nobody. `held` wherever the scope is not Scope::claiming(), or there is one writer.
  virtual Result<Claim> claim(TenantId const& tenant) = 0;
  // All result rows (SELECT, or RETURNING). Errors: conflict for a violated UNIQUE or foreign key.
  virtual Result<Rows> query(std::string_view sql, Args args = {}) = 0;
  // Number of rows changed.
  virtual Result<std::int64_t> execute(std::string_view sql, Args args = {}) = 0;
  // Wakes those who watch the topic once the transaction is durable, and once however often it is said.
  virtual void notify(Topic const& topic) = 0;
  // Runs once the transaction is durable; not at all if it is not: then it is destroyed before
  // another function runs. Must not block.
  virtual void after_commit(std::move_only_function<void()> action) = 0;
};

}  // namespace hoist::sql
