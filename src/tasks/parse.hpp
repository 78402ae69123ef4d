// Requests about tasks, read strictly: every wrong field is named at once, unknown ones are refused.
#pragma once

#include <variant>

#include "base/json.hpp"
#include "tasks/task.hpp"

namespace hoist::tasks {

inline constexpr std::size_t title_max = 200;           // code points
inline constexpr std::size_t description_max = 10'000;  // code points
inline constexpr std::size_t group_max = 128;
inline constexpr std::size_t batch_tasks_max = 1000;

// 1-128 of A-Z a-z 0-9 and . _ : @ = + ~ -, so that a group is also one segment of a path.
[[nodiscard]] bool is_group(std::string_view text);

[[nodiscard]] Result<NewTask> parse_new_task(json::object const& body);

// One of a batch: a task, or what is wrong with it.
using BatchItem = std::variant<NewTask, Error>;
// All or nothing per group: a group with a wrong task is refused whole, and so is the whole batch when
// it cannot be told which group a wrong task is of. Errors: invalid when `tasks` itself is wrong.
[[nodiscard]] Result<std::vector<BatchItem>> parse_new_batch(json::object const& body);

// What the queue carries and handlers get, as JSON.
// What is handed to the handler, and what the order receipt is over: also who asked, and by which request.
struct AskedBy {
  UserId const& user;
  std::string_view request_id;
  std::string_view trace_parent;
};
[[nodiscard]] std::string message_body(NewTask const& task, AskedBy const& by);
// The trace in such a body; empty: none.
[[nodiscard]] std::string trace_of(std::string_view body);
// The id of the request: that of its trace, unless the caller gave it another.
[[nodiscard]] std::string request_of(std::string_view body);

}  // namespace hoist::tasks
