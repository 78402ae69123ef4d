// What `hoist doctor` asks of the features' own proofs: the hash chain of every event log and audit trail,
// and the order receipts of every group of tasks.
#pragma once

#include <string>
#include <vector>

#include "app/open_data.hpp"

namespace hoist::bin {

// Problems in words. Errors: what keeps a log from being read.
[[nodiscard]] Result<std::vector<std::string>> check_event_logs(app::OpenData& data);
[[nodiscard]] Result<std::vector<std::string>> check_task_receipts(app::OpenData& data);

}  // namespace hoist::bin
