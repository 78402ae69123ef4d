// The SQL of tasks; see migrations/0006_tasks.sql.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ports/message.hpp"
#include "sql/database.hpp"
#include "tasks/task.hpp"

namespace hoist::tasks {

Result<void> insert_tasks(sql::Transaction& tx, std::span<Task const> tasks);
// Errors: not_found.
Result<Task> find_task(sql::Transaction& tx, TenantId const& tenant, TaskId const& id);
Result<std::vector<TaskEvent>> list_task_events(sql::Transaction& tx, TenantId const& tenant,
                                                TaskId const& id);

struct ListFilter {
  std::optional<TaskState> state;
  std::string group;  // empty: any
};
// Newest first, those before `before` (empty: from the newest).
Result<std::vector<Task>> list_tasks(sql::Transaction& tx, TenantId const& tenant, ListFilter const& filter,
                                     TaskId const& before, int limit);
// In order of sequence.
Result<std::vector<Task>> list_group(sql::Transaction& tx, TenantId const& tenant, std::string const& group,
                                     std::int64_t after_sequence, int limit);

// The first task of a group that has not ended.
Result<std::optional<Task>> find_first_open(sql::Transaction& tx, TenantId const& tenant,
                                            std::string const& group);
// The dead task that its group waits for.
Result<std::optional<Task>> find_blocking(sql::Transaction& tx, TenantId const& tenant,
                                          std::string const& group);

// A link of a group's chain, also of a task that is forgotten.
struct Link {
  std::int64_t sequence = 0;
  std::string chain;
};
// The newest; sequence 0: the group never had a task.
Result<Link> find_last_link(sql::Transaction& tx, TenantId const& tenant, std::string const& group);
// The link of that sequence; an empty chain: it is no longer kept.
Result<std::string> find_chain(sql::Transaction& tx, TenantId const& tenant, std::string const& group,
                               std::int64_t sequence);

// Takes note that an attempt begins. Answers its number, counted over redrives too, or nothing when
// the task is finished already and its effect must not happen again.
Result<std::optional<std::int64_t>> begin_attempt(sql::Transaction& tx, Receipt const& receipt, Time now);

struct Finished {
  std::optional<Time> due_at;
  Time created_at;
};
// The durable record of the effect, of the attempt that the receipt started. Nothing when it was recorded
// before, or another attempt was started since.
Result<std::optional<Finished>> finish_task(sql::Transaction& tx, Receipt const& receipt, Time now);
// The same for a task whose whole attempt is this transaction.
Result<std::optional<Finished>> begin_and_finish(sql::Transaction& tx, Receipt const& receipt, Time now);

// Something that happens to a task besides being started and done; a line of its timeline.
struct Change {
  TaskState to = TaskState::retrying;
  std::string what;  // as in TaskEvent
  std::string cause;
  std::optional<Time> retry_at;
  bool blocks = false;  // its group waits for it from now on
};
// false: it is no news, or cannot happen to a task in its state, or the task is forgotten.
Result<bool> change_task(sql::Transaction& tx, TenantId const& tenant, TaskId const& id, Change const& change,
                         Time now);
// Its group no longer waits for the dead task.
Result<void> unblock(sql::Transaction& tx, TenantId const& tenant, TaskId const& id);

// Removes up to `limit` tasks that ended before `before`; answers how many.
Result<std::int64_t> forget_tasks(sql::Transaction& tx, Time before, int limit);
Result<std::int64_t> count_overdue(sql::Transaction& tx, Time now);

}  // namespace hoist::tasks
