#include "adapters/sqlite/writer.hpp"

#include <chrono>

#include "adapters/sqlite/database.hpp"
#include "base/log.hpp"

namespace hoist::sqlite {
namespace {

using std::chrono::steady_clock;

double seconds_since(steady_clock::time_point start) {
  return std::chrono::duration<double>(steady_clock::now() - start).count();
}

}  // namespace

Writer::Writer(std::unique_ptr<Connection> connection, Lane& lane, Metrics& metrics)
    : connection_{std::move(connection)},
      lane_{lane},
      batch_size_{metrics.histogram("hoist_db_commit_batch_size", "Functions committed by one sync.",
                                    {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024})},
      commit_seconds_{metrics.histogram("hoist_db_commit_seconds", "Time one commit with its sync takes.",
                                        Metrics::seconds_bounds())},
      waiting_{metrics.gauge("hoist_db_queue_waiting", "Functions that wait for the writer.")} {}

void Writer::run() {
  auto jobs = std::vector<Job>{};
  while (lane_.take(jobs, batch_functions_max)) {
    run_batch(std::move(jobs));
    jobs.clear();
    keep_wal_short();
  }
}

bool Writer::run_one(Job job, std::vector<Finished>& finished) {
  if (steady_clock::now() > job.deadline) {
    finished.push_back({std::move(job.done), fail(Code::timeout, "The database is too busy."), {}});
    return true;
  }
  auto tx = SqliteTransaction{*connection_, true};
  auto outcome = job.work(tx);
  auto const settled = outcome ? tx.keep() : tx.take_back();
  if (!settled && outcome) outcome = settled;
  auto const alive = !tx.broken() && settled.has_value();
  if (tx.broken()) outcome = std::unexpected{*tx.broken()};
  finished.push_back({std::move(job.done), std::move(outcome), tx.take_actions()});
  return alive;
}

Result<void> Writer::commit() {
  auto const start = steady_clock::now();
  auto committed = connection_->run_script("COMMIT");
  commit_seconds_.observe(seconds_since(start));
  return committed;
}

// Everything in the batch shares the fate of its commit, but a function that failed by itself
// keeps its own error.
void Writer::run_batch(std::vector<Job> jobs) {
  auto finished = std::vector<Finished>{};
  finished.reserve(jobs.size());
  auto fate = connection_->run_script("BEGIN IMMEDIATE");
  auto const start = steady_clock::now();
  while (fate && !jobs.empty()) {
    for (auto& job : jobs) {
      if (!fate) {
        finished.push_back({std::move(job.done), {}, {}});
      } else if (!run_one(std::move(job), finished)) {
        auto const& last = finished.back().outcome;
        fate = last ? Result<void>{fail(Code::unavailable)} : Result<void>{std::unexpected{last.error()}};
      }
    }
    jobs.clear();
    // Functions that arrived meanwhile join, so that one sync serves them too.
    if (fate && finished.size() < batch_functions_max && steady_clock::now() - start < batch_time_max)
      lane_.take_waiting(jobs, batch_functions_max - finished.size());
  }
  for (auto& job : jobs) finished.push_back({std::move(job.done), {}, {}});
  if (fate) fate = commit();
  if (!fate) {
    log::warn("a commit failed", {{"cause", fate.error().to_string()}});
    if (connection_->in_transaction()) (void)connection_->run_script("ROLLBACK");
  }
  batch_size_.observe(static_cast<double>(finished.size()));
  waiting_.set(static_cast<double>(lane_.waiting()));
  for (auto& job : finished) {
    if (!fate && job.outcome) job.outcome = fate;
    if (job.outcome)
      for (auto& action : job.actions) action();
    job.done(std::move(job.outcome));
  }
}

void Writer::keep_wal_short() {
  auto const pages = connection_->wal_pages();
  if (pages < checkpoint_pages) return;
  auto const mode = pages < wal_pages_max ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_RESTART;
  if (auto const done = connection_->checkpoint(mode); !done)
    log::warn("a checkpoint failed and will be tried again", {{"cause", done.error().to_string()}});
}

}  // namespace hoist::sqlite
