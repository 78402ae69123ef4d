// A queue over every kind of test database, for the contract suites of queues.
#pragma once

#include <array>

#include "adapters/sql/queue.hpp"
#include "contract/queue_harness.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {

class SqlQueueHolder final : public HolderOf<sql_engine::Queue> {
 public:
  explicit SqlQueueHolder(testing::TestDatabase::Kind kind) : database_{kind, clock_} { open(); }
  sql_engine::Queue& queue() override { return *queue_; }
  sql::Database& database() override { return *database_; }
  ManualClock& clock() override { return clock_; }
  void restart() override {
    queue_.reset();
    database_.reopen();
    open();
  }

 private:
  void open() {
    queue_ = sql_engine::make_queue(*database_, database_.wakeups(), database_.metrics(), {.seed = 1});
  }

  ManualClock clock_;
  testing::TestDatabase database_;
  std::unique_ptr<sql_engine::Queue> queue_;
};

// As two processes have it over one file: each its own connections, and each asked in its turn.
class TwoSqlQueues final : public HolderOf<sql_engine::Queue>, private QueueRegistry {
 public:
  explicit TwoSqlQueues(testing::TestDatabase::Kind kind) : database_{kind, clock_} { open(); }
  sql_engine::Queue& queue() override { return *queues_[turn_++ % queues_.size()]; }
  QueueRegistry& registry() override { return *this; }
  sql::Database& database() override { return *database_; }
  ManualClock& clock() override { return clock_; }
  void restart() override {
    for (auto& queue : queues_) queue.reset();
    database_.reopen();
    open();
  }

 private:
  void open() {
    for (auto& queue : queues_)
      queue = sql_engine::make_queue(*database_, database_.wakeups(), database_.metrics(), {.seed = 1});
  }
  Result<void> declare(std::string queue, QueuePolicy policy, MessageFollower* follower) override {
    for (auto& each : queues_) CHECK(each->declare(queue, policy, follower));
    return {};
  }

  ManualClock clock_;
  testing::TestDatabase database_;
  std::array<std::unique_ptr<sql_engine::Queue>, 2> queues_;
  std::size_t turn_ = 0;
};

}  // namespace hoist::contract
