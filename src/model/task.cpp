#include "model/task.hpp"

#include <algorithm>
#include <array>

#include "base/assert.hpp"

namespace hoist {
namespace {

using enum TaskState;

struct Row {
  TaskState state;
  std::string_view name;
  bool final;
  std::array<TaskState, 5> next;  // padded with count_
};

constexpr auto none = count_;
constexpr auto table = std::to_array<Row>({
    // Straight to the end: a task that is only recorded, or whose worker never came to start it.
    {waiting, "waiting", false, {running, retrying, done, dead, cancelled}},
    // RUNNING to RUNNING is an attempt that another worker took over.
    {running, "running", false, {running, retrying, done, dead, cancelled}},
    // RETRYING to RETRYING is a worker that never came to start it again.
    {retrying, "retrying", false, {running, retrying, done, dead, cancelled}},
    {done, "done", true, {none, none, none, none, none}},
    {dead, "dead", true, {waiting, none, none, none, none}},
    {cancelled, "cancelled", true, {none, none, none, none, none}},
});
static_assert(table.size() == static_cast<std::size_t>(count_));

Row const& row(TaskState state) {
  auto const index = static_cast<std::size_t>(state);
  HOIST_ASSERT(index < table.size() && table[index].state == state);
  return table[index];
}

}  // namespace

std::string_view to_string(TaskState state) {
  return row(state).name;
}

std::optional<TaskState> parse_task_state(std::string_view text) {
  for (auto const& entry : table)
    if (entry.name == text) return entry.state;
  return std::nullopt;
}

std::vector<std::string_view> task_state_names() {
  auto names = std::vector<std::string_view>{};
  for (auto const& entry : table) names.push_back(entry.name);
  return names;
}

bool may_become(TaskState from, TaskState to) {
  return to != none && std::ranges::find(row(from).next, to) != row(from).next.end();
}

std::vector<TaskState> may_come_from(TaskState to) {
  auto states = std::vector<TaskState>{};
  for (auto const& entry : table)
    if (may_become(entry.state, to)) states.push_back(entry.state);
  return states;
}

bool is_final(TaskState state) {
  return row(state).final;
}

}  // namespace hoist
