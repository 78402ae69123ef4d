// A function that was submitted to a database and waits for a thread of its engine.
#pragma once

#include "sql/database.hpp"

namespace hoist::sql {

struct Job {
  Scope scope;
  Database::Work work;
  Deadline deadline;
  Database::Done done;
};

}  // namespace hoist::sql
