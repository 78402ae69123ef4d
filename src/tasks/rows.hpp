// The SQL of tasks; see migrations/0006_tasks.sql.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ports/queue.hpp"
#include "sql/database.hpp"
#include "tasks/task.hpp"

namespace hoist::tasks {

Result<void> insert_tasks(sql::Transaction& tx, std::span<Task const> tasks);
// Errors: not_found.
Result<Task> find_task(sql::Transaction& tx, TenantId const& tenant, TaskId const& id);
Result<std::optional<Task>> find_in_group(sql::Transaction& tx, TenantId const& tenant,
                                          std::string const& group, std::int64_t sequence);
Result<std::vector<TaskEvent>> list_task_events(sql::Transaction& tx, TenantId const& tenant,
                                                TaskId const& id);

struct ListFilter {
  std::string state;  // empty: any
  std::string group;
};
// Newest first, those before `before` (empty: from the newest).
Result<std::vector<Task>> list_tasks(sql::Transaction& tx, TenantId const& tenant, ListFilter const& filter,
                                     TaskId const& before, int limit);
// In order of sequence.
Result<std::vector<Task>> list_group(sql::Transaction& tx, TenantId const& tenant, std::string const& group,
                                     std::int64_t after_sequence, int limit);

// Takes note that an attempt begins. Answers its number, counted over redrives too, or nothing when
// the task is finished already and its effect must not happen again.
Result<std::optional<std::int64_t>> begin_attempt(sql::Transaction& tx, Receipt const& receipt, Time now);

struct Finished {
  std::optional<Time> due_at;
  Time created_at;
};
// The durable record of the effect. Nothing when it was recorded before.
Result<std::optional<Finished>> finish_task(sql::Transaction& tx, Receipt const& receipt, Time now);
// The same for a task whose whole attempt is this transaction.
Result<std::optional<Finished>> begin_and_finish(sql::Transaction& tx, Receipt const& receipt, Time now);

// A task follows what its queue does with its message: QueuePolicy::observe.
Result<void> follow_queue(sql::Transaction& tx, QueueEvent const& event, Time now);

// Removes up to `limit` tasks that ended before `before`; answers how many.
Result<std::int64_t> forget_tasks(sql::Transaction& tx, Time before, int limit);
Result<std::int64_t> count_overdue(sql::Transaction& tx, Time now);

}  // namespace hoist::tasks
