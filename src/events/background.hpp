// The work of the event log that no client waits for: bringing details to their store, making
// checkpoints, and retention.
#pragma once

#include <vector>

#include "assembly/maintenance.hpp"
#include "events/retention.hpp"
#include "events/service.hpp"

namespace hoist::events {

struct BackgroundIntervals {
  std::chrono::milliseconds relay{500};
  std::chrono::milliseconds checkpoints{5'000};
  std::chrono::milliseconds retention{600'000};
};

[[nodiscard]] std::vector<Job> background_jobs(Service& service, Checkpoints& checkpoints,
                                               Retention& retention, BackgroundIntervals intervals = {});

}  // namespace hoist::events
