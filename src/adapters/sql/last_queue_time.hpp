// The time of the queue's last upkeep: a clock that goes on from there makes no lease live longer.
#pragma once

#include "sql/database.hpp"

namespace hoist::sql_engine {

// For start-up: blocks the calling thread.
[[nodiscard]] Result<Time> last_queue_time(sql::Database& database);

}  // namespace hoist::sql_engine
