// One function on a database, over the rows of all tenants, waited for by the calling thread: for start-up,
// tools and tests.
//
// Threads  any but an engine's own and those that run coroutines: it blocks.
// Errors   those of Database.
#pragma once

#include "sql/database.hpp"

namespace hoist::sql {

[[nodiscard]] Result<void> run_now(Database& database, Database::Access access, Database::Work work,
                                   Deadline deadline);

}  // namespace hoist::sql
