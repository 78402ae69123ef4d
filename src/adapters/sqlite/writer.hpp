// The one thread that writes: runs the functions of its queue in batches and syncs once per batch.
//
// A batch runs unguarded at first, because a savepoint for each function would copy every page the
// function touches. If one fails after it changed something, all is rolled back and the batch runs
// again with savepoints, so that only the failed function is taken back.
#pragma once

#include <memory>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/job_queue.hpp"
#include "adapters/sqlite/transaction.hpp"
#include "base/metrics.hpp"

namespace hoist::sqlite {

class Writer {
 public:
  // `run_twice`: every batch takes the guarded path, after a first run that is rolled back. For tests,
  // which so find functions that cannot be run again.
  Writer(std::unique_ptr<Connection> connection, JobQueue& queue, Surroundings surroundings, Metrics& metrics,
         bool run_twice);
  void run();  // until the queue is closed and empty

 private:
  struct Function {
    sql::Job job;
    Result<void> outcome;
    std::vector<std::move_only_function<void()>> actions;
  };
  enum class Ran {
    well,   // every outcome is known, and what failed has left nothing
    again,  // a function failed after changing something, and only a guarded run can take it back
    lost    // the surrounding transaction is gone, and the batch with it
  };
  struct Run {
    Ran how = Ran::well;
    Result<void> cause;  // of lost
  };
  void run_batch(std::vector<sql::Job> jobs);
  Result<void> run_and_commit(std::vector<Function>& batch);
  Run run_all(std::vector<Function>& batch, bool guarded);
  Ran run_one(Function& function, bool guarded);
  void let_join(std::vector<Function>& batch);
  void roll_back(std::vector<Function>& batch);
  Result<void> commit();
  void keep_wal_short();
  bool empty_wal();  // false: a reader was in the way

  std::unique_ptr<Connection> connection_;
  Surroundings surroundings_;
  JobQueue& queue_;
  bool run_twice_;
  Histogram batch_size_;
  Histogram commit_seconds_;
  Histogram checkpoint_seconds_;
  Gauge waiting_;
};

}  // namespace hoist::sqlite
