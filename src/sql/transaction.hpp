// What a function of a transaction may do; see sql/database.hpp for what it may assume.
//
// SQL      one text for all engines: $1, $2, ... parameters, RETURNING, ON CONFLICT, FOR UPDATE at the
//          end (an engine with one writer ignores it), TEXT, BIGINT, DOUBLE PRECISION. Time is BIGINT
//          microseconds UTC; ids are TEXT; JSON is TEXT.
// Threads  that of the function it was given to.
// Lifetime until that function returns.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "base/error.hpp"
#include "sql/value.hpp"

namespace hoist::sql {

class Transaction {
 public:
  virtual ~Transaction() = default;
  // All result rows (SELECT, or RETURNING). Errors: conflict for a violated UNIQUE constraint.
  virtual Result<Rows> query(std::string_view sql, Args args = {}) = 0;
  // Number of rows changed.
  virtual Result<std::int64_t> execute(std::string_view sql, Args args = {}) = 0;
  // Runs once the transaction is durable; not at all if it is not: then it is destroyed before
  // another function runs. Must not block.
  virtual void after_commit(std::move_only_function<void()> action) = 0;
};

}  // namespace hoist::sql
