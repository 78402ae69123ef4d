// Takes tasks from the queue, several groups at a time, and brings each to its end.
//
// Order    one attempt of a group at a time: a task starts only after the one before it is settled
//          on disk. A failed one keeps its place until it is done or dead.
// Promise  a task's end is recorded no later than its message is settled (settlement.hpp); a repeated
// delivery
//          of a finished task is acknowledged without running it. A worker that comes too late records
//          nothing.
// Threads  start() and stop() from anywhere; lanes spread over the given executors.
// Lifetime stop() before the ports go away.
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "base/metrics.hpp"
#include "ports/joint_consumer.hpp"
#include "sql/database.hpp"
#include "tasks/handler.hpp"

namespace hoist::tasks {

struct ProcessorPorts {
  sql::Database& database;
  Consumer& consumer;
  JointConsumer* joint;  // absent where the queue is not in `database`
  Metrics& metrics;
};

struct ProcessorOptions {
  int workers = 8;
  std::chrono::milliseconds attempt_max = std::chrono::seconds{15};
  std::chrono::milliseconds visibility = std::chrono::seconds{10};  // renewed while working
  std::chrono::milliseconds poll = std::chrono::seconds{2};         // stop() may wait this long
  int tasks_per_commit = 50;                                        // without a handler
  std::chrono::milliseconds pause_after_error{500};                 // of the queue or the database
};

class Processor {
 public:
  Processor(ProcessorPorts ports, MakeHandler make_handler, ProcessorOptions options);
  ~Processor();
  Processor(Processor const&) = delete;

  void start(std::vector<asio::any_io_executor> const& executors);
  // Takes nothing new and waits for what runs. False: the grace was over first; those tasks are
  // delivered again, with the same effect key.
  Async<bool> stop(std::chrono::milliseconds grace);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hoist::tasks
