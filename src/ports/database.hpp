// SQL, as plain synchronous functions run on the engine's own threads.
//
//   CO_TRY(auto count, co_await database.write(tenant, [=](sql::Transaction& tx) -> Result<int> {
//     TRY(auto rows, tx.query("SELECT count(*) FROM uploads WHERE tenant = $1", {tenant.str()}));
//     return static_cast<int>(rows[0].integer(0));
//   }, deadline));
//
// SQL      one text for all engines: $1, $2, ... parameters, RETURNING, ON CONFLICT, FOR UPDATE at the
//          end (an engine with one writer ignores it), TEXT, BIGINT, DOUBLE PRECISION. Time is BIGINT
//          microseconds UTC; ids are TEXT; JSON is TEXT.
// Threads  any. The function runs on an engine thread: it must not block on anything but `tx`, and
//          must own or outlive what it captures (the awaiting coroutine's frame does).
// Errors   what the function returns: then nothing of it is kept. unavailable when the queue is
//          full or the engine is away, storage_full, timeout (the deadline passed before it ran).
// Promise  after success the changes are on disk. Functions see the effects of all that committed
//          before. A function may be run again, its first run taken back: outside of `tx` it only
//          sets what it answers, anew each time; whatever else has to happen goes into
//          after_commit(). Test databases run every function twice.
// Tenancy  `tenant` is put in force for the transaction (row-level security where the engine has
//          it); every statement also names it. system_scope() sees all tenants.
// Contract tests/contract/database_contract.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>
#include <vector>

#include "base/assert.hpp"
#include "base/async.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"

namespace hoist {

namespace sql {

using Value = std::variant<std::monostate, std::int64_t, double, std::string>;
using Args = std::vector<Value>;

[[nodiscard]] inline Value null() {
  return std::monostate{};
}
[[nodiscard]] inline Value value(Time time) {
  return to_us(time);
}
template <class T>
[[nodiscard]] Value value_or_null(std::optional<T> const& optional) {
  return optional ? Value{*optional} : null();
}
// For rows that are many: an initializer list would copy every text once more.
template <class... T>
[[nodiscard]] Args args(T&&... values) {
  auto all = Args{};
  all.reserve(sizeof...(values));
  (all.emplace_back(std::forward<T>(values)), ...);
  return all;
}

class Row {
 public:
  explicit Row(std::vector<Value> values) : values_{std::move(values)} {}
  [[nodiscard]] bool is_null(std::size_t i) const {
    return std::holds_alternative<std::monostate>(values_.at(i));
  }
  // A NULL reads as 0 or "". Asking for the wrong type is a bug.
  [[nodiscard]] std::int64_t integer(std::size_t i) const {
    return is_null(i) ? 0 : std::get<std::int64_t>(values_.at(i));
  }
  [[nodiscard]] double real(std::size_t i) const { return is_null(i) ? 0 : std::get<double>(values_.at(i)); }
  [[nodiscard]] std::string const& text(std::size_t i) const {
    static auto const empty = std::string{};
    return is_null(i) ? empty : std::get<std::string>(values_.at(i));
  }
  [[nodiscard]] Time time(std::size_t i) const { return from_us(integer(i)); }
  [[nodiscard]] std::size_t size() const { return values_.size(); }

 private:
  std::vector<Value> values_;
};
using Rows = std::vector<Row>;

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

}  // namespace sql

class Database {
 public:
  enum class Access { read, write };
  using Work = std::move_only_function<Result<void>(sql::Transaction&)>;
  using Done = std::move_only_function<void(Result<void>)>;

  virtual ~Database() = default;
  // The primitive under read() and write(): `done` is called once, on an engine thread.
  virtual void submit(Access access, TenantId tenant, Work work, Deadline deadline, Done done) = 0;

  template <class F, class T = typename std::invoke_result_t<F&, sql::Transaction&>::value_type>
  Async<T> write(TenantId tenant, F work, Deadline deadline) {
    return run<F, T>(Access::write, std::move(tenant), std::move(work), deadline);
  }
  // A consistent snapshot of what is committed.
  template <class F, class T = typename std::invoke_result_t<F&, sql::Transaction&>::value_type>
  Async<T> read(TenantId tenant, F work, Deadline deadline) {
    return run<F, T>(Access::read, std::move(tenant), std::move(work), deadline);
  }

 private:
  template <class F, class T>
  Async<T> run(Access access, TenantId tenant, F work, Deadline deadline) {
    auto outcome = std::optional<Result<T>>{};
    auto wrapped = Work{[&](sql::Transaction& tx) -> Result<void> {
      outcome.emplace(work(tx));
      if (!*outcome) return std::unexpected{outcome->error()};
      return {};
    }};
    auto start = std::move_only_function<void(std::move_only_function<void(Result<void>)>)>{
        [&](std::move_only_function<void(Result<void>)> done) {
          submit(access, std::move(tenant), std::move(wrapped), deadline, std::move(done));
        }};
    auto const finished = co_await suspend<void>(std::move(start));
    if (!finished) co_return std::unexpected{finished.error()};
    HOIST_ASSERT(outcome && *outcome);
    co_return std::move(*outcome);
  }
};

}  // namespace hoist
