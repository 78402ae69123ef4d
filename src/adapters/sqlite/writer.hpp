// The one thread that writes: runs the functions of its lane in batches and syncs once per batch.
#pragma once

#include <memory>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/lane.hpp"
#include "adapters/sqlite/transaction.hpp"
#include "base/metrics.hpp"

namespace hoist::sqlite {

class Writer {
 public:
  Writer(std::unique_ptr<Connection> connection, Lane& lane, Metrics& metrics);
  void run();  // until the lane is closed and empty

 private:
  struct Finished {
    Database::Done done;
    Result<void> outcome;
    std::vector<std::move_only_function<void()>> actions;
  };
  void run_batch(std::vector<Job> jobs);
  // false: the surrounding transaction is gone, and the batch with it.
  bool run_one(Job job, std::vector<Finished>& finished);
  Result<void> commit();
  void keep_wal_short();

  std::unique_ptr<Connection> connection_;
  Lane& lane_;
  Histogram batch_size_;
  Histogram commit_seconds_;
  Gauge waiting_;
};

}  // namespace hoist::sqlite
