// The life of a task, as one table.
//
//   WAITING ---> RUNNING ---> DONE
//      |          |    ^
//      |          v    |
//      +-----> RETRYING ----> DEAD ---> WAITING (redriven)
//      +--> CANCELLED <--+
//
// Invariants  (1) a transition that is not in the table does not happen: each is one conditional
//             UPDATE whose WHERE names the states it may come from.
//             (2) a task has its time of finishing exactly while its state is final.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace hoist {

enum class TaskState : std::uint8_t { waiting, running, retrying, done, dead, cancelled, count_ };

[[nodiscard]] std::string_view to_string(TaskState state);  // "waiting", as in the API and in SQL
[[nodiscard]] std::optional<TaskState> parse_task_state(std::string_view text);
[[nodiscard]] std::vector<std::string_view> task_state_names();

[[nodiscard]] bool may_become(TaskState from, TaskState to);
[[nodiscard]] std::vector<TaskState> may_come_from(TaskState to);
[[nodiscard]] bool is_final(TaskState state);  // nothing happens any more without a caller

}  // namespace hoist
