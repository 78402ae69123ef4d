// What a SQLite database takes from the process around it.
// Lifetime both outlive the database.
#pragma once

#include "base/time.hpp"
#include "ports/wakeups.hpp"

namespace hoist::sqlite {

struct Surroundings {
  Clock const& clock;  // of Transaction::now(): of all processes that open the file
  Wakeups& wakeups;    // told by Transaction::notify()
};

}  // namespace hoist::sqlite
