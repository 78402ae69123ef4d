// SQL, as plain synchronous functions run on the engine's own threads.
//
//   CO_TRY(auto count, co_await database.write(Scope::tenant(tenant), [=](sql::Transaction& tx) ->
//   Result<int> {
//     TRY(auto rows, tx.query("SELECT count(*) FROM uploads WHERE tenant = $1", {tenant.str()}));
//     return static_cast<int>(rows[0].integer(0));
//   }, deadline));
//
// Threads  any. The function runs on an engine thread: it must not block on anything but `tx`, and
//          must own or outlive what it captures (the awaiting coroutine's frame does).
// Errors   what the function returns: then nothing of it is kept. unavailable when the queue is
//          full or the engine is away, storage_full, timeout (the deadline passed before it ran).
// Promise  after success the changes are on disk. A function may be run again, its first run taken back:
//          outside of `tx` it only sets what it answers, anew each time; whatever else has to happen goes
//          into after_commit(). Test databases run every function twice.
// Isolation writes are serializable: what they read and change is as if they had run one after another, in
//          the order in which they committed. So what a function has checked holds when it commits, and
//          a function sees all that was acknowledged before it was submitted, by whatever process. With
//          Scope::claiming() this holds of what belongs to the tenants that it has claimed, and for nothing
//          else. An engine may reach this by running a function again; rows that many functions want at once
//          are therefore read with the lock words of sql/transaction.hpp, and waiting takes the place of
//          running again. A read is one snapshot of what has committed, and waits for no writer.
// Tenancy  the scope is put in force for the transaction (row-level security where the engine has
//          it); every statement also names its tenant. Test databases refuse one that names another's.
// Contract tests/contract/database_contract.hpp.
#pragma once

#include <functional>
#include <optional>
#include <type_traits>

#include "base/assert.hpp"
#include "base/async.hpp"
#include "model/scope.hpp"
#include "sql/transaction.hpp"

namespace hoist::sql {

class Database {
 public:
  enum class Access { read, write };
  using Work = std::move_only_function<Result<void>(Transaction&)>;
  using Done = std::move_only_function<void(Result<void>)>;

  virtual ~Database() = default;
  // The primitive under read() and write(): `done` is called once, on an engine thread.
  virtual void submit(Access access, Scope scope, Work work, Deadline deadline, Done done) = 0;

  template <class F, class T = typename std::invoke_result_t<F&, Transaction&>::value_type>
  Async<T> write(Scope scope, F work, Deadline deadline) {
    return run<F, T>(Access::write, std::move(scope), std::move(work), deadline);
  }
  // A consistent snapshot of what is committed.
  template <class F, class T = typename std::invoke_result_t<F&, Transaction&>::value_type>
  Async<T> read(Scope scope, F work, Deadline deadline) {
    return run<F, T>(Access::read, std::move(scope), std::move(work), deadline);
  }

 private:
  template <class F, class T>
  Async<T> run(Access access, Scope scope, F work, Deadline deadline) {
    auto outcome = std::optional<Result<T>>{};
    auto wrapped = Work{[&](Transaction& tx) -> Result<void> {
      outcome.emplace(work(tx));
      if (!*outcome) return std::unexpected{outcome->error()};
      return {};
    }};
    auto start = std::move_only_function<void(std::move_only_function<void(Result<void>)>)>{
        [&](std::move_only_function<void(Result<void>)> done) {
          submit(access, std::move(scope), std::move(wrapped), deadline, std::move(done));
        }};
    auto const finished = co_await suspend<void>(std::move(start));
    if (!finished) co_return std::unexpected{finished.error()};
    HOIST_ASSERT(outcome && *outcome);
    co_return std::move(*outcome);
  }
};

}  // namespace hoist::sql
