// What an operator asks of tasks: are the order receipts of every group those of its tasks?
//
// It needs nothing of the feature but its rows and the queue's, so a command asks it that runs no tasks.
#pragma once

#include <vector>

#include "assembly/maintenance.hpp"
#include "assembly/stores.hpp"
#include "base/metrics.hpp"

namespace hoist::tasks {

// What it is given outlives it.
[[nodiscard]] std::vector<Check> checks(Records const& records, Metrics& metrics);

}  // namespace hoist::tasks
