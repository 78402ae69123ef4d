// Takes tasks where there is a queue and nothing else: POST /tasks of a function that has no database.
//
// Promise  a task that was answered for is in the queue, behind everything of its group that was answered for
//          before. A repeat under its Idempotency-Key is the same task: the queue tells repeats apart for
//          some minutes, the processor by the task's effect for as long as that is kept.
// Not so   as Service: nothing limits how many wait, nothing is shown, and a key that comes with another body
//          is another task, since nothing remembers the first.
// Threads  any.   Lifetime  outlives every awaitable it returned; the ports outlive it.
// Errors   unavailable, whatever keeps the queue from taking it: it is never the caller's doing.
#pragma once

#include "base/metrics.hpp"
#include "model/call_context.hpp"
#include "ports/ordered_queue.hpp"
#include "tasks/queued_task.hpp"

namespace hoist::tasks {

struct AcceptedTask {
  QueuedTask task;
  std::string queue_sequence;
};

class Intake {
 public:
  Intake(OrderedSender& queue, Clock const& clock, Metrics& metrics);

  Async<AcceptedTask> accept(CallContext call, NewTask wanted);

 private:
  OrderedSender& queue_;
  Clock const& clock_;
  Counter accepted_;
};

}  // namespace hoist::tasks
