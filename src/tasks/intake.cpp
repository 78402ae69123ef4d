#include "tasks/intake.hpp"

#include "base/log.hpp"
#include "base/try.hpp"
#include "tasks/parse.hpp"

namespace hoist::tasks {

Intake::Intake(OrderedSender& queue, Clock const& clock, Metrics& metrics)
    : queue_{queue},
      clock_{clock},
      accepted_{metrics.counter("hoist_tasks_created_total", "Tasks accepted")} {}

Async<AcceptedTask> Intake::accept(CallContext call, NewTask wanted) {
  auto const now = clock_.now();
  auto accepted = AcceptedTask{};
  accepted.task = {.id = id_of_call(call, now),
                   .tenant = call.caller.tenant,
                   .group = wanted.group,
                   .accepted_at = now,
                   .due_at = wanted.due_at,
                   .body = message_body(wanted, {call.caller.user, call.request_id, call.trace_parent})};
  auto const& task = accepted.task;
  auto message = OrderedMessage{task.group, task.id.str(), write_queued_task(task)};
  auto queued = co_await queue_.send(std::move(message), call.deadline);
  if (!queued)
    co_return fail(Error{Code::unavailable, "The queue does not take tasks at the moment."}
                       .with_retry_after(1)
                       .with_cause(queued.error().to_string()));
  accepted.queue_sequence = std::move(queued->sequence);
  accepted_.add();
  log::info("a task was accepted", {{"tenant", task.tenant.str()},
                                    {"group", task.group},
                                    {"sequence", accepted.queue_sequence},
                                    {"task", task.id.str()},
                                    {"request", call.request_id},
                                    {"trace", call.trace_parent}});
  co_return accepted;
}

}  // namespace hoist::tasks
