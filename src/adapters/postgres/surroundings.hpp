// What a PostgreSQL database takes from the process around it.
// Lifetime  both outlive the database.
#pragma once

#include "base/metrics.hpp"
#include "ports/wakeups.hpp"

namespace hoist::postgres {

struct Surroundings {
  Wakeups& wakeups;  // told by Transaction::notify(), of this process and of every other one
  Metrics& metrics;
};

}  // namespace hoist::postgres
