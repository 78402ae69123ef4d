// What a PostgreSQL database takes from the process around it.
// Lifetime  all outlive the database.
#pragma once

#include "adapters/postgres/clock.hpp"
#include "base/metrics.hpp"
#include "ports/wakeups.hpp"

namespace hoist::postgres {

struct Surroundings {
  Wakeups& wakeups;  // told by Transaction::notify()
  Metrics& metrics;
  ServerClock* clock = nullptr;  // hears of the database's time, if there is one
};

}  // namespace hoist::postgres
