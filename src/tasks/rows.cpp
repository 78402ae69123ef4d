#include "tasks/rows.hpp"

#include "base/try.hpp"
#include "sql/insert_rows.hpp"

namespace hoist::tasks {
namespace {

constexpr auto events_shown_max = 200;
constexpr std::string_view columns =
    "tenant, id, group_name, sequence, state, title, body, chain, user_id, due_us, created_us, attempts, "
    "fence, redriven, started_us, finished_us, retry_us, last_error";

std::optional<Time> time_at(sql::Row const& row, std::size_t i) {
  if (row.is_null(i)) return std::nullopt;
  return row.time(i);
}

sql::Value time_or_null(std::optional<Time> const& time) {
  return time ? sql::value(*time) : sql::null();
}

Task task_of(sql::Row const& row) {
  return {.tenant = TenantId{row.text(0)},
          .id = TaskId{row.text(1)},
          .group = row.text(2),
          .sequence = row.integer(3),
          .state = row.text(4),
          .title = row.text(5),
          .body = row.text(6),
          .chain = row.text(7),
          .user = UserId{row.text(8)},
          .due_at = time_at(row, 9),
          .created_at = row.time(10),
          .attempts = row.integer(11),
          .fence = row.integer(12),
          .redriven = row.integer(13),
          .started_at = time_at(row, 14),
          .finished_at = time_at(row, 15),
          .retry_at = time_at(row, 16),
          .last_error = row.text(17)};
}

std::vector<Task> tasks_of(sql::Rows const& rows) {
  auto tasks = std::vector<Task>{};
  tasks.reserve(rows.size());
  for (auto const& row : rows) tasks.push_back(task_of(row));
  return tasks;
}

std::string select(std::string_view rest) {
  return std::string{"SELECT "}.append(columns).append(" FROM tasks WHERE tenant = $1 ").append(rest);
}

Result<std::optional<Finished>> finished_of(Result<sql::Rows> rows) {
  if (!rows) return std::unexpected{rows.error()};
  if (rows->empty()) return std::nullopt;
  return Finished{time_at(rows->front(), 0), rows->front().time(1)};
}

}  // namespace

Result<void> insert_tasks(sql::Transaction& tx, std::span<Task const> tasks) {
  static auto const insert = sql::InsertRows{
      "INSERT INTO tasks (tenant, id, group_name, sequence, state, title, body, chain, user_id, due_us, "
      "created_us)",
      11};
  auto rows = std::vector<sql::Args>{};
  rows.reserve(tasks.size());
  for (auto const& task : tasks)
    rows.push_back(sql::args(task.tenant.str(), task.id.str(), task.group, task.sequence, task.state,
                             task.title, task.body, task.chain, task.user.str(), time_or_null(task.due_at),
                             to_us(task.created_at)));
  return insert(tx, std::move(rows));
}

Result<Task> find_task(sql::Transaction& tx, TenantId const& tenant, TaskId const& id) {
  static auto const text = select("AND id = $2");
  TRY(auto const rows, tx.query(text, {tenant.str(), id.str()}));
  if (rows.empty()) return fail(Code::not_found, "There is no such task.");
  return task_of(rows[0]);
}

Result<std::optional<Task>> find_in_group(sql::Transaction& tx, TenantId const& tenant,
                                          std::string const& group, std::int64_t sequence) {
  static auto const text = select("AND group_name = $2 AND sequence = $3");
  TRY(auto const rows, tx.query(text, {tenant.str(), group, sequence}));
  if (rows.empty()) return std::nullopt;
  return task_of(rows[0]);
}

Result<std::vector<TaskEvent>> list_task_events(sql::Transaction& tx, TenantId const& tenant,
                                                TaskId const& id) {
  TRY(auto const rows, tx.query("SELECT what, at_us, attempt, detail FROM task_events WHERE tenant = $1 AND "
                                "task_id = $2 ORDER BY number DESC LIMIT $3",
                                {tenant.str(), id.str(), std::int64_t{events_shown_max}}));
  auto events = std::vector<TaskEvent>{};
  for (auto row = rows.rbegin(); row != rows.rend(); ++row)
    events.push_back({row->text(0), row->time(1), row->integer(2), row->text(3)});
  return events;
}

Result<std::vector<Task>> list_tasks(sql::Transaction& tx, TenantId const& tenant, ListFilter const& filter,
                                     TaskId const& before, int limit) {
  // The constant in the text is what lets the partial index serve the open ones.
  static auto const all = select("AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3");
  static auto const of_group = select(
      "AND group_name = $4 AND ($2 = '' OR id < $2) AND ($5 = '' OR state = $5) ORDER BY sequence DESC "
      "LIMIT $3");
  static auto const open = select(
      "AND state <> 'done' AND state = $4 AND ($2 = '' OR id < $2) AND ($5 = '' OR group_name = $5) "
      "ORDER BY id DESC LIMIT $3");
  static auto const done = select("AND state = 'done' AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3");
  auto args = sql::Args{tenant.str(), before.str(), std::int64_t{limit}};
  auto const* text = &all;
  if (!filter.state.empty() && filter.state != "done") {
    text = &open;
    args.insert(args.end(), {sql::Value{filter.state}, sql::Value{filter.group}});
  } else if (!filter.group.empty()) {
    text = &of_group;
    args.insert(args.end(), {sql::Value{filter.group}, sql::Value{filter.state}});
  } else if (!filter.state.empty()) {
    text = &done;
  }
  TRY(auto const rows, tx.query(*text, std::move(args)));
  return tasks_of(rows);
}

Result<std::vector<Task>> list_group(sql::Transaction& tx, TenantId const& tenant, std::string const& group,
                                     std::int64_t after_sequence, int limit) {
  static auto const text = select("AND group_name = $2 AND sequence > $3 ORDER BY sequence LIMIT $4");
  TRY(auto const rows, tx.query(text, {tenant.str(), group, after_sequence, std::int64_t{limit}}));
  return tasks_of(rows);
}

Result<std::optional<std::int64_t>> begin_attempt(sql::Transaction& tx, Receipt const& receipt, Time now) {
  TRY(auto const rows,
      tx.query("UPDATE tasks SET state = 'running', attempts = attempts + 1, fence = $3, started_us = $4, "
               "retry_us = NULL WHERE tenant = $1 AND id = $2 AND finished_us IS NULL RETURNING attempts",
               {receipt.tenant.str(), receipt.id.str(), receipt.fence, to_us(now)}));
  if (rows.empty()) return std::nullopt;
  return rows[0].integer(0);
}

Result<std::optional<Finished>> finish_task(sql::Transaction& tx, Receipt const& receipt, Time now) {
  return finished_of(
      tx.query("UPDATE tasks SET state = 'done', finished_us = $3, last_error = NULL "
               "WHERE tenant = $1 AND id = $2 AND finished_us IS NULL RETURNING due_us, created_us",
               {receipt.tenant.str(), receipt.id.str(), to_us(now)}));
}

Result<std::optional<Finished>> begin_and_finish(sql::Transaction& tx, Receipt const& receipt, Time now) {
  return finished_of(
      tx.query("UPDATE tasks SET state = 'done', attempts = attempts + 1, fence = $3, started_us = $4, "
               "finished_us = $4, retry_us = NULL, last_error = NULL "
               "WHERE tenant = $1 AND id = $2 AND finished_us IS NULL RETURNING due_us, created_us",
               {receipt.tenant.str(), receipt.id.str(), receipt.fence, to_us(now)}));
}

namespace {

struct Change {
  std::string_view what;
  std::string_view state;
  bool finished = false;
};

Change change_of(QueueEvent::Kind kind) {
  switch (kind) {
    case QueueEvent::Kind::expired: return {"expired", "retrying"};
    case QueueEvent::Kind::retrying: return {"retrying", "retrying"};
    case QueueEvent::Kind::dead: return {"dead", "dead", true};
    case QueueEvent::Kind::redriven: return {"redriven", "waiting"};
    case QueueEvent::Kind::cancelled: return {"cancelled", "cancelled", true};
  }
  return {"retrying", "retrying"};
}

}  // namespace

Result<void> follow_queue(sql::Transaction& tx, QueueEvent const& event, Time now) {
  auto const change = change_of(event.kind);
  auto const& tenant = event.message.tenant.str();
  auto const& id = event.message.id.str();
  auto const redriven = event.kind == QueueEvent::Kind::redriven;
  // A redriven task keeps the error that it died of until it is done.
  TRY(auto const rows,
      tx.query("UPDATE tasks SET state = $3, retry_us = $4, finished_us = $5, redriven = redriven + $6, "
               "last_error = CASE WHEN $7 = '' THEN last_error ELSE $7 END "
               "WHERE tenant = $1 AND id = $2 RETURNING attempts",
               {tenant, id, std::string{change.state}, time_or_null(event.retry_at),
                change.finished ? sql::value(now) : sql::null(), std::int64_t{redriven},
                redriven ? std::string{} : event.message.cause}));
  if (rows.empty()) return {};  // forgotten
  CHECK(
      tx.execute("INSERT INTO task_events (tenant, task_id, number, at_us, what, attempt, detail) "
                 "SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6 FROM task_events "
                 "WHERE tenant = $1 AND task_id = $2",
                 {tenant, id, to_us(now), std::string{change.what}, rows[0].integer(0),
                  redriven ? std::string{} : event.message.cause}));
  return {};
}

Result<std::int64_t> forget_tasks(sql::Transaction& tx, Time before, int limit) {
  TRY(auto const tenants, tx.query("SELECT tenant FROM tenants"));
  auto count = std::int64_t{0};
  for (auto const& tenant : tenants) {
    // Oldest first, and looked at no further than `limit`: what still waits among them is passed over.
    TRY(auto const rows,
        tx.query("SELECT id FROM (SELECT id, finished_us, created_us FROM tasks WHERE tenant = $1 "
                 "ORDER BY id LIMIT $3) oldest WHERE finished_us < $2",
                 {tenant.text(0), to_us(before), std::int64_t{limit}}));
    for (auto const& row : rows) {
      CHECK(tx.execute("DELETE FROM task_events WHERE tenant = $1 AND task_id = $2",
                       {tenant.text(0), row.text(0)}));
      CHECK(tx.execute("DELETE FROM tasks WHERE tenant = $1 AND id = $2", {tenant.text(0), row.text(0)}));
    }
    count += std::ssize(rows);
  }
  return count;
}

Result<std::int64_t> count_overdue(sql::Transaction& tx, Time now) {
  TRY(auto const rows,
      tx.query("SELECT count(*) FROM tasks WHERE due_us IS NOT NULL AND finished_us IS NULL AND due_us < $1",
               {to_us(now)}));
  return rows.at(0).integer(0);
}

}  // namespace hoist::tasks
