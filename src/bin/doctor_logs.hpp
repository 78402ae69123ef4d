// What `hoist doctor` asks of the features' own proofs: the hash chain of every event log and audit trail,
// and the order receipts of every group of tasks.
#pragma once

#include <string>
#include <vector>

#include "assembly/stores.hpp"
#include "base/metrics.hpp"

namespace hoist::bin {

// Problems in words. Errors: what keeps a log from being read.
[[nodiscard]] Result<std::vector<std::string>> check_event_logs(Records const& records, Metrics& metrics);
[[nodiscard]] Result<std::vector<std::string>> check_task_receipts(Records const& records, Metrics& metrics);

}  // namespace hoist::bin
