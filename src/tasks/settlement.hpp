// How the start and the end of tasks are recorded and their messages settled.
//
// Joint      the queue shares our database: settling a task, noting its effect, receiving the next one and
//            noting its start are one commit.
// Separate   the queue is elsewhere: the rows commit first, the receipt follows. What was done and could not
//            be acknowledged is delivered again, and its rows say that there is nothing left to do.
// Promise    a task whose effect is recorded does not run again. A worker that comes too late records
// nothing. Threads    any; coroutines run on the executor that awaits them. Lifetime   outlives what it
// awaits; the ports outlive it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/async.hpp"
#include "base/metrics.hpp"
#include "ports/joint_consumer.hpp"
#include "sql/database.hpp"
#include "tasks/handler.hpp"
#include "tasks/rows.hpp"

namespace hoist::tasks {

// A message whose start is on disk.
struct Work {
  Message message;
  std::int64_t attempt = 0;
};

struct TaskMeter {
  explicit TaskMeter(Metrics& metrics);
  // Nothing: the task was finished before this delivery.
  void ended(std::optional<Finished> const& task, Time now);
  Counter in_time, late, undated, failed, repeated;
  Histogram seconds;
};

class Settlement {
 public:
  virtual ~Settlement() = default;
  // Nothing: the task needs no attempt, or not now. What is answered may be another task's.
  virtual Async<std::optional<Work>> begin(Message message) = 0;
  // What came of it, and the next task where the queue tells at once.
  virtual Async<std::optional<Work>> settle(Work const& work, Outcome const& outcome) = 0;
  // Tasks without a handler start and end here, in their order. True: there may be more.
  virtual Async<bool> record(std::vector<Message> messages) = 0;
};

struct SettlementPorts {
  sql::Database& database;
  Consumer& consumer;
  JointConsumer* joint;
  TaskMeter& meter;
};

struct SettlementOptions {
  Micros visibility{0};
  int tasks_per_commit = 1;
  std::function<bool()> stopping;  // takes no further task then
};

// Joint where there is a joint consumer.
[[nodiscard]] std::unique_ptr<Settlement> make_settlement(SettlementPorts ports, SettlementOptions options);

void log_done(Message const& message);
[[nodiscard]] Scope claiming_tenants_of(std::vector<Message> const& messages);

}  // namespace hoist::tasks
