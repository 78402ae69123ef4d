#include "tasks/line.hpp"

#include "base/try.hpp"
#include "tasks/rows.hpp"

namespace hoist::tasks {

LineState state_of(Line const& line, Time now) {
  if (!line.head) return LineState::idle;
  if (line.head->state == TaskState::dead) return LineState::blocked;
  if (line.head->state == TaskState::running) return LineState::running;
  return next_attempt_at(line, now) ? LineState::retrying : LineState::ready;
}

std::optional<Time> next_attempt_at(Line const& line, Time now) {
  if (!line.head || line.head->state != TaskState::retrying || !line.head->retry_at) return std::nullopt;
  return *line.head->retry_at > now ? line.head->retry_at : std::nullopt;
}

std::string_view to_string(LineState state) {
  using enum LineState;
  switch (state) {
    case idle: return "idle";
    case ready: return "ready";
    case running: return "running";
    case retrying: return "retrying";
    case blocked: return "blocked";
  }
  return "";
}

std::string_view reason_of(LineState state) {
  using enum LineState;
  switch (state) {
    case idle: return "nothing waits";
    case ready: return "the first task is about to start";
    case running: return "the first task is running";
    case retrying: return "the first task failed and will be tried again";
    case blocked: return "a task is dead, and this queue waits for it to be redriven";
  }
  return "";
}

Result<Line> look_at_line(sql::Transaction& tx, TenantId const& tenant, std::string const& group) {
  auto line = Line{};
  TRY(auto const depth, tx.query("SELECT count(*) FROM tasks WHERE tenant = $1 AND group_name = $2 AND "
                                 "finished_us IS NULL",
                                 {tenant.str(), group}));
  line.depth = depth.at(0).integer(0);
  TRY(auto const last, find_last_link(tx, tenant, group));
  line.last_sequence = last.sequence;
  line.chain = last.chain;
  TRY(line.head, find_blocking(tx, tenant, group));
  if (!line.head) {
    TRY(line.head, find_first_open(tx, tenant, group));
  }
  return line;
}

Result<std::int64_t> count_ahead(sql::Transaction& tx, TenantId const& tenant, std::string const& group,
                                 std::int64_t sequence) {
  TRY(auto const rows, tx.query("SELECT count(*) FROM tasks WHERE tenant = $1 AND group_name = $2 AND "
                                "finished_us IS NULL AND sequence < $3",
                                {tenant.str(), group, sequence}));
  return rows.at(0).integer(0);
}

}  // namespace hoist::tasks
