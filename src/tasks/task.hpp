// A task: what a client asked for, and where it stands (model/task.hpp).
//
// Order belongs to the queue: the task's message has the task's id and body. Priority and due date
// are data; neither ever reorders.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "model/ids.hpp"
#include "model/task.hpp"

namespace hoist::tasks {

inline constexpr auto default_group = "default";

struct NewTask {
  std::string title;
  std::string description;
  std::string priority;  // low, medium or high
  std::optional<Time> due_at;
  std::string group = default_group;
};

struct TaskEvent {
  std::string what;  // retrying, expired, dead, redriven, cancelled
  Time at;
  std::int64_t attempt = 0;
  std::string detail;
};

struct Task {
  TenantId tenant;
  TaskId id;
  std::string group;
  std::int64_t sequence = 0;
  TaskState state = TaskState::waiting;
  std::string title;
  std::string body;   // message_body() of the NewTask
  std::string chain;  // order receipt: model/chain.hpp
  UserId user;
  std::optional<Time> due_at;
  Time created_at;
  std::int64_t attempts = 0;
  std::int64_t fence = 0;
  std::int64_t redriven = 0;
  std::optional<Time> started_at;
  std::optional<Time> finished_at;
  std::optional<Time> retry_at;
  std::string last_error;
};

// Past its due date and not finished in time.
[[nodiscard]] inline bool is_overdue(std::optional<Time> due_at, std::optional<Time> finished_at, Time now) {
  return due_at && finished_at.value_or(now) > *due_at;
}

}  // namespace hoist::tasks
