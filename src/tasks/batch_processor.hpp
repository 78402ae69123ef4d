// Works on tasks that a queue of its own hands over in batches: each to its handler, in order, and its end
// into the effects.
//
// Order    a group stops at its first failure: that message and all behind it of its group come again, and
//          none of them is touched. Other groups go on.
// Promise  a task whose effect is recorded does not run again, however often it is delivered. One whose
//          handler was done and whose effect could not be recorded does, under the same effect key.
// Failures come again after a pause that doubles with each delivery; how many there are before a message
//          is a dead letter is the queue's to say. What cannot help to be tried again comes again at once,
//          so that the queue gives up on it without holding its group up for long.
// Danger   every delivery counts towards the dead letters, also of a message that stood behind a failed one
// of
//          its batch. So batches of one message are the right ones where dead letters matter.
// Threads  any; one batch on the executor that awaits it.
// Lifetime outlives what it awaits; the ports outlive it.
#pragma once

#include <string>
#include <vector>

#include "base/retry.hpp"
#include "ports/effects.hpp"
#include "ports/ordered_queue.hpp"
#include "tasks/handler.hpp"
#include "tasks/queued_task.hpp"
#include "tasks/settlement.hpp"

namespace hoist::tasks {

// A message as the queue hands it over.
struct Handed {
  std::string id;
  std::string handle;
  std::string group;
  std::string sequence;
  std::int64_t receives = 1;  // this one included
  std::string body;
};

class BatchProcessor {
 public:
  struct Ports {
    Effects& effects;
    Redelivery& redelivery;
    Clock const& clock;
    Metrics& metrics;
  };
  // Without a function for handlers, a task's effect is all that is recorded of it.
  BatchProcessor(Ports ports, MakeHandler make_handler, Backoff pauses);

  // The ids of those that have to come again.
  asio::awaitable<std::vector<std::string>> process(std::vector<Handed> batch, Deadline deadline);

 private:
  asio::awaitable<Outcome> attempt(Handler* handler, Handed const& handed, Deadline deadline);
  asio::awaitable<Outcome> run(Handler* handler, QueuedTask const& task, Handed const& handed,
                               Deadline deadline);
  asio::awaitable<Outcome> finish(QueuedTask const& task, Handed const& handed, Deadline deadline);
  [[nodiscard]] std::chrono::seconds pause_after(Outcome const& outcome, Handed const& handed) const;

  Ports ports_;
  MakeHandler make_handler_;
  Backoff pauses_;
  TaskMeter meter_;
};

}  // namespace hoist::tasks
