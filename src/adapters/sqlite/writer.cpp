#include "adapters/sqlite/writer.hpp"

#include <chrono>

#include "adapters/sqlite/database.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::sqlite {
namespace {

using std::chrono::steady_clock;

constexpr auto quiet_time = std::chrono::milliseconds{500};  // without a write: empty the WAL

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, JobQueue& queue, Surroundings surroundings,
               Metrics& metrics, bool run_twice)
    : connection_{std::move(connection)},
      surroundings_{surroundings},
      queue_{queue},
      run_twice_{run_twice},
      batch_size_{metrics.histogram("hoist_db_commit_batch_size", "Functions committed by one sync.",
                                    {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024})},
      commit_seconds_{metrics.histogram("hoist_db_commit_seconds", "Time one commit with its sync takes.",
                                        Metrics::seconds_bounds())},
      checkpoint_seconds_{metrics.histogram("hoist_db_checkpoint_seconds",
                                            "Time the writer stands still to move the WAL into the database.",
                                            Metrics::seconds_bounds())},
      waiting_{metrics.gauge("hoist_db_queue_waiting", "Functions that wait for the writer.")} {}

void Writer::run() {
  auto jobs = std::vector<sql::Job>{};
  auto wal_filled = false;
  while (queue_.take(jobs, batch_functions_max, wal_filled ? deadline_in(quiet_time) : Deadline::max())) {
    if (jobs.empty()) {
      wal_filled = !empty_wal();
      continue;
    }
    run_batch(std::move(jobs));
    jobs.clear();
    keep_wal_short();
    wal_filled = connection_->wal_pages() > 0;
  }
}

Writer::Ran Writer::run_one(Function& function, bool guarded) {
  if (steady_clock::now() > function.job.deadline) {
    function.outcome = fail(Code::timeout, "The database is too busy.");
    return Ran::well;
  }
  auto tx = SqliteTransaction{*connection_, surroundings_, function.job.scope, guarded};
  function.outcome = tx.outcome(function.job.work(tx));
  auto const settled = function.outcome ? tx.keep() : tx.take_back();
  if (tx.broken()) function.outcome = std::unexpected{*tx.broken()};
  if (!settled && function.outcome) function.outcome = settled;
  function.actions = tx.take_actions();
  if (tx.broken() || !settled) return Ran::lost;
  return function.outcome || guarded || !tx.changed() ? Ran::well : Ran::again;
}

// Functions that arrived while the batch ran join it, so that one sync serves them too.
void Writer::let_join(std::vector<Function>& batch) {
  auto jobs = std::vector<sql::Job>{};
  queue_.take_waiting(jobs, batch_functions_max - batch.size());
  for (auto& job : jobs) batch.push_back({std::move(job), {}, {}});
}

Writer::Run Writer::run_all(std::vector<Function>& batch, bool guarded) {
  auto const start = steady_clock::now();
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto const how = run_one(batch[i], guarded);
    if (how != Ran::well) return {how, batch[i].outcome};
    auto const last = i + 1 == batch.size();
    if (last && batch.size() < batch_functions_max && steady_clock::now() - start < batch_time_max)
      let_join(batch);
  }
  return {.how = run_twice_ && !guarded ? Ran::again : Ran::well};
}

Result<void> Writer::commit() {
  auto const start = steady_clock::now();
  auto committed = connection_->run_script("COMMIT");
  commit_seconds_.observe(seconds_since(start));
  return committed;
}

void Writer::roll_back(std::vector<Function>& batch) {
  if (connection_->in_transaction()) (void)connection_->run_script("ROLLBACK");
  for (auto& function : batch) function.actions.clear();
}

// What is returned befell every function; one that failed by itself keeps its own error.
Result<void> Writer::run_and_commit(std::vector<Function>& batch) {
  CHECK(connection_->run_script("BEGIN IMMEDIATE"));
  auto run = run_all(batch, false);
  if (run.how == Ran::again) {
    roll_back(batch);
    CHECK(connection_->run_script("BEGIN IMMEDIATE"));
    run = run_all(batch, true);
  }
  return run.how == Ran::well ? commit() : run.cause;
}

void Writer::run_batch(std::vector<sql::Job> jobs) {
  auto batch = std::vector<Function>{};
  batch.reserve(jobs.size());
  for (auto& job : jobs) batch.push_back({std::move(job), {}, {}});
  auto const fate = run_and_commit(batch);
  if (!fate) {
    log::warn("a commit failed", {{"cause", fate.error().to_string()}});
    roll_back(batch);
  }
  batch_size_.observe(static_cast<double>(batch.size()));
  waiting_.set(static_cast<double>(queue_.waiting()));
  for (auto& function : batch) {
    if (!fate && function.outcome) function.outcome = fate;
    if (function.outcome)
      for (auto& action : function.actions) action();
    function.job.done(std::move(function.outcome));
  }
}

// What was erased could be read in the log until later commits overwrite it, so a quiet moment ends that.
bool Writer::empty_wal() {
  auto const emptied = connection_->empty_wal();
  if (!emptied) log::warn("the database's log cannot be emptied", {{"cause", emptied.error().to_string()}});
  return !emptied || *emptied;
}

void Writer::keep_wal_short() {
  auto const pages = connection_->wal_pages();
  if (pages < checkpoint_pages) return;
  auto const mode = pages < wal_pages_max ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
  auto const start = steady_clock::now();
  if (auto const done = connection_->checkpoint(mode); !done)
    log::warn("a checkpoint failed and will be tried again", {{"cause", done.error().to_string()}});
  checkpoint_seconds_.observe(seconds_since(start));
}

}  // namespace hoist::sqlite
