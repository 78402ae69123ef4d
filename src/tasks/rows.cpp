#include "tasks/rows.hpp"

#include <fmt/format.h>

#include "base/assert.hpp"
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

TaskState state_of(std::string const& text) {
  auto const state = parse_task_state(text);
  HOIST_ASSERT(state.has_value());
  return *state;
}

Task task_of(sql::Row const& row) {
  return {.tenant = TenantId{row.text(0)},
          .id = TaskId{row.text(1)},
          .group = row.text(2),
          .sequence = row.integer(3),
          .state = state_of(row.text(4)),
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

Result<std::optional<Task>> one(sql::Transaction& tx, std::string const& text, sql::Args args) {
  TRY(auto const rows, tx.query(text, std::move(args)));
  return rows.empty() ? std::nullopt : std::optional{task_of(rows[0])};
}

// 'waiting', 'running': for WHERE state IN (...).
std::string listed(std::vector<TaskState> const& states) {
  auto text = std::string{};
  for (auto const state : states) text += fmt::format("{}'{}'", text.empty() ? "" : ", ", to_string(state));
  return text;
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
    rows.push_back(sql::args(task.tenant.str(), task.id.str(), task.group, task.sequence,
                             std::string{to_string(task.state)}, task.title, task.body, task.chain,
                             task.user.str(), sql::value_or_null(task.due_at), to_us(task.created_at)));
  return insert(tx, std::move(rows));
}

Result<Task> find_task(sql::Transaction& tx, TenantId const& tenant, TaskId const& id) {
  static auto const text = select("AND id = $2");
  TRY(auto const rows, tx.query(text, {tenant.str(), id.str()}));
  if (rows.empty()) return fail(Code::not_found, "There is no such task.");
  return task_of(rows[0]);
}

Result<std::optional<Task>> find_first_open(sql::Transaction& tx, TenantId const& tenant,
                                            std::string const& group) {
  static auto const text = select("AND group_name = $2 AND finished_us IS NULL ORDER BY sequence LIMIT 1");
  return one(tx, text, {tenant.str(), group});
}

Result<std::optional<Task>> find_blocking(sql::Transaction& tx, TenantId const& tenant,
                                          std::string const& group) {
  static auto const text = select("AND group_name = $2 AND blocks = 1 LIMIT 1");
  return one(tx, text, {tenant.str(), group});
}

Result<Link> find_last_link(sql::Transaction& tx, TenantId const& tenant, std::string const& group) {
  TRY(auto const rows,
      tx.query("SELECT sequence, chain FROM (SELECT sequence, chain FROM tasks WHERE tenant = $1 AND "
               "group_name = $2 ORDER BY sequence DESC LIMIT 1) newest UNION ALL "
               "SELECT sequence, chain FROM task_links WHERE tenant = $1 AND group_name = $2 "
               "ORDER BY 1 DESC LIMIT 1",
               {tenant.str(), group}));
  return rows.empty() ? Link{} : Link{rows[0].integer(0), rows[0].text(1)};
}

Result<std::string> find_chain(sql::Transaction& tx, TenantId const& tenant, std::string const& group,
                               std::int64_t sequence) {
  TRY(auto const rows,
      tx.query("SELECT chain FROM tasks WHERE tenant = $1 AND group_name = $2 AND sequence = $3 UNION ALL "
               "SELECT chain FROM task_links WHERE tenant = $1 AND group_name = $2 AND sequence = $3",
               {tenant.str(), group, sequence}));
  return rows.empty() ? std::string{} : rows[0].text(0);
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
  static auto const open = select(fmt::format(
      "AND state <> '{}' AND state = $4 AND ($2 = '' OR id < $2) AND ($5 = '' OR group_name = $5) "
      "ORDER BY id DESC LIMIT $3",
      to_string(TaskState::done)));
  static auto const done = select(fmt::format(
      "AND state = '{}' AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT $3", to_string(TaskState::done)));
  auto args = sql::Args{tenant.str(), before.str(), std::int64_t{limit}};
  auto const state = filter.state ? std::string{to_string(*filter.state)} : std::string{};
  auto const* text = &all;
  if (filter.state && filter.state != TaskState::done) {
    text = &open;
    args.insert(args.end(), {sql::Value{state}, sql::Value{filter.group}});
  } else if (!filter.group.empty()) {
    text = &of_group;
    args.insert(args.end(), {sql::Value{filter.group}, sql::Value{state}});
  } else if (filter.state) {
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
  static auto const text = fmt::format(
      "UPDATE tasks SET state = '{}', attempts = attempts + 1, fence = $3, started_us = $4, "
      "retry_us = NULL WHERE tenant = $1 AND id = $2 AND finished_us IS NULL RETURNING attempts",
      to_string(TaskState::running));
  TRY(auto const rows, tx.query(text, {receipt.tenant.str(), receipt.id.str(), receipt.fence, to_us(now)}));
  if (rows.empty()) return std::nullopt;
  return rows[0].integer(0);
}

Result<std::optional<Finished>> finish_task(sql::Transaction& tx, Receipt const& receipt, Time now) {
  static auto const text = fmt::format(
      "UPDATE tasks SET state = '{}', finished_us = $3, last_error = NULL "
      "WHERE tenant = $1 AND id = $2 AND finished_us IS NULL AND fence = $4 RETURNING due_us, created_us",
      to_string(TaskState::done));
  return finished_of(tx.query(text, {receipt.tenant.str(), receipt.id.str(), to_us(now), receipt.fence}));
}

Result<std::optional<Finished>> begin_and_finish(sql::Transaction& tx, Receipt const& receipt, Time now) {
  static auto const text = fmt::format(
      "UPDATE tasks SET state = '{}', attempts = attempts + 1, fence = $3, started_us = $4, "
      "finished_us = $4, retry_us = NULL, last_error = NULL "
      "WHERE tenant = $1 AND id = $2 AND finished_us IS NULL RETURNING due_us, created_us",
      to_string(TaskState::done));
  return finished_of(tx.query(text, {receipt.tenant.str(), receipt.id.str(), receipt.fence, to_us(now)}));
}

Result<bool> change_task(sql::Transaction& tx, TenantId const& tenant, TaskId const& id, Change const& change,
                         Time now) {
  // A redriven task keeps the error that it died of until it is done.
  auto const redriven = change.to == TaskState::waiting;
  auto const text = fmt::format(
      "UPDATE tasks SET state = '{0}', retry_us = $3, finished_us = $4, redriven = redriven + $5, "
      "last_error = CASE WHEN $6 = '' THEN last_error ELSE $6 END, blocks = $7 "
      "WHERE tenant = $1 AND id = $2 AND state IN ({1}) AND NOT (state = '{0}' AND retry_us = $3) "
      "RETURNING attempts",
      to_string(change.to), listed(may_come_from(change.to)));
  TRY(auto const rows, tx.query(text, {tenant.str(), id.str(), sql::value_or_null(change.retry_at),
                                       is_final(change.to) ? sql::value(now) : sql::null(),
                                       std::int64_t{redriven}, change.cause, std::int64_t{change.blocks}}));
  if (rows.empty()) return false;
  CHECK(
      tx.execute("INSERT INTO task_events (tenant, task_id, number, at_us, what, attempt, detail) "
                 "SELECT $1, $2, coalesce(max(number), 0) + 1, $3, $4, $5, $6 FROM task_events "
                 "WHERE tenant = $1 AND task_id = $2",
                 {tenant.str(), id.str(), to_us(now), change.what, rows[0].integer(0), change.cause}));
  return true;
}

Result<void> unblock(sql::Transaction& tx, TenantId const& tenant, TaskId const& id) {
  CHECK(tx.execute("UPDATE tasks SET blocks = 0 WHERE tenant = $1 AND id = $2 AND blocks = 1",
                   {tenant.str(), id.str()}));
  return {};
}

namespace {

Result<void> forget_task(sql::Transaction& tx, sql::Value const& tenant, sql::Row const& task) {
  auto const id = sql::Value{task.text(0)};
  CHECK(
      tx.execute("INSERT INTO task_links (tenant, group_name, sequence, chain) VALUES ($1, $2, $3, $4) "
                 "ON CONFLICT (tenant, group_name) DO UPDATE SET sequence = $3, chain = $4 "
                 "WHERE task_links.sequence < $3",
                 {tenant, task.text(1), task.integer(2), task.text(3)}));
  CHECK(tx.execute("DELETE FROM task_events WHERE tenant = $1 AND task_id = $2", {tenant, id}));
  CHECK(tx.execute("DELETE FROM tasks WHERE tenant = $1 AND id = $2", {tenant, id}));
  return {};
}

}  // namespace

Result<std::int64_t> forget_tasks(sql::Transaction& tx, Time before, int limit) {
  TRY(auto const tenants, tx.query("SELECT tenant FROM tenants"));
  auto count = std::int64_t{0};
  for (auto const& tenant : tenants) {
    // Oldest first, and looked at no further than `limit`: what still waits among them is passed over.
    TRY(auto const rows,
        tx.query("SELECT id, group_name, sequence, chain FROM (SELECT * FROM tasks WHERE tenant = $1 "
                 "ORDER BY id LIMIT $3) oldest WHERE finished_us < $2",
                 {tenant.text(0), to_us(before), std::int64_t{limit}}));
    for (auto const& row : rows) CHECK(forget_task(tx, tenant.text(0), row));
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
