// A task as the message of a queue that has no rows beside it: it holds all that its processor needs.
//
//   {"task_id":...,"tenant":...,"group":...,"accepted_at":...,"task":{ what handlers get }}
//
// The id is in the body because it is the key of the task's effect: the queue's own key of a message changes
// when the message becomes a dead letter.
#pragma once

#include "model/call_context.hpp"
#include "tasks/task.hpp"

namespace hoist::tasks {

struct QueuedTask {
  TaskId id;
  TenantId tenant;
  std::string group;
  Time accepted_at;
  std::optional<Time> due_at;
  std::string body;  // message_body() of the NewTask, which has its due date too
};

// ASCII but for letters: no queue refuses a character of it.
[[nodiscard]] std::string write_queued_task(QueuedTask const& task);
// Errors: invalid for anything that write_queued_task() does not make.
[[nodiscard]] Result<QueuedTask> read_queued_task(std::string_view message);

// The id of the task that this call asks for. With an Idempotency-Key the same call has the same id, at any
// time and in any process; another body under the key is another task.
[[nodiscard]] TaskId id_of_call(CallContext const& call, Time now);

}  // namespace hoist::tasks
