// Ordered tasks: everything a caller can ask about them.
//
// Promise  a task that was answered for is on disk, with its place in its group's order.
// Threads  any.   Lifetime  outlives every awaitable it returned.
// Errors   not_found for what does not exist and for what is another tenant's, alike.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/cursor.hpp"
#include "base/metrics.hpp"
#include "model/call_context.hpp"
#include "ports/audit.hpp"
#include "ports/idempotency.hpp"
#include "ports/joint_consumer.hpp"
#include "ports/outbox.hpp"
#include "sql/database.hpp"
#include "tasks/ends.hpp"
#include "tasks/line.hpp"
#include "tasks/parse.hpp"
#include "tasks/rows.hpp"

namespace hoist::tasks {

inline constexpr auto forget_chunk = 1000;

struct Ports {
  sql::Database& database;
  Outbox& outbox;
  JointConsumer* joint;  // absent where the queue is not in `database`
  Idempotency& idempotency;
  Audit& audit;
  Metrics& metrics;
  GroupEnds* ends = nullptr;  // absent: the ends of groups are not signed
};

struct Options {
  Cursors cursors;
  std::chrono::hours retention = std::chrono::hours{24 * 30};  // of tasks that have ended
};

struct Page {
  std::vector<Task> tasks;
  std::string next_cursor;  // empty: the end
};

struct TaskView {
  Task task;
  std::vector<TaskEvent> events;
  std::optional<std::int64_t> ahead;  // tasks of its group that go first, while it waits
  std::optional<Line> line;           // of its group, while it waits
};

struct GroupView {
  std::string name;
  Line line;
  Link signed_end;  // its newest task when that was signed the last time
};

// A task with the link before it: enough to compute its chain value again.
struct Proof {
  Task task;
  std::string previous_chain;  // empty: that link is no longer kept
};

class Service {
 public:
  Service(Ports ports, Options options);

  // A repeat with the same Idempotency-Key gets the very same answer.
  Async<Task> create(CallContext call, NewTask wanted);
  // What became of each item: a batch is recorded whole, but for the items that were refused.
  Async<std::vector<Result<Task>>> create_batch(CallContext call, std::vector<BatchItem> items);

  Async<TaskView> get(TenantId tenant, TaskId id, Deadline deadline);
  Async<Page> list(TenantId tenant, ListFilter filter, std::string cursor, int limit, Deadline deadline);
  // While it waits. Cancelling again is fine. Errors: conflict once it runs or has ended otherwise.
  Async<TaskView> cancel(CallContext call, TaskId id);

  Async<GroupView> group(TenantId tenant, std::string group, Deadline deadline);
  Async<std::vector<Proof>> group_tasks(TenantId tenant, std::string group, std::int64_t after_sequence,
                                        int limit, Deadline deadline);
  Async<Proof> proof(TenantId tenant, TaskId id, Deadline deadline);

  // Housekeeping, every minute or so.
  Async<> maintain(Deadline deadline);

 private:
  Result<void> cancel_message(sql::Transaction& tx, TenantId const& tenant, TaskId const& id);
  // `messages` are those of `wanted`, one each.
  Result<std::vector<Task>> insert(sql::Transaction& tx, Caller const& caller,
                                   std::span<NewTask const* const> wanted,
                                   std::span<Outgoing const> messages);
  void note_ends(std::span<Task const> tasks);

  Ports ports_;
  Options options_;
  Counter created_;
  Gauge overdue_;
};

}  // namespace hoist::tasks
