// What an operator asks of the event logs and audit trails: does every log verify, and is it what was signed?
//
// It needs neither the feature nor its keys to sign with, so a command asks it beside a server.
#pragma once

#include <vector>

#include "assembly/maintenance.hpp"
#include "assembly/stores.hpp"
#include "base/metrics.hpp"

namespace hoist::events {

// What it is given outlives it. The check blocks its thread: it is for the main thread of a command.
[[nodiscard]] std::vector<Check> checks(Records const& records, Metrics& metrics);

}  // namespace hoist::events
