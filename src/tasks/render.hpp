// Tasks as JSON; shapes are in api/openapi.yaml.
#pragma once

#include <string>

#include "tasks/intake.hpp"
#include "tasks/service.hpp"

namespace hoist::tasks {

// The answers to POST /tasks and POST /tasks/batch: of what never changes, so that repeats are the same.
[[nodiscard]] std::string render_created(Task const& task);
[[nodiscard]] std::string render_accepted(AcceptedTask const& accepted);  // where tasks have no rows
[[nodiscard]] std::string render_batch(std::vector<Result<Task>> const& outcomes);

[[nodiscard]] json::object render_task(Task const& task, Time now);
// With its timeline, its position and what it waits for.
[[nodiscard]] json::object render_view(TaskView const& view, Time now);
[[nodiscard]] json::object render_group(GroupView const& view, Time now);
[[nodiscard]] json::object render_proof(Proof const& proof);

}  // namespace hoist::tasks
