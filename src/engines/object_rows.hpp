// Whether an installation keeps objects of its own, for engines that must not begin beside them.
#pragma once

#include "sql/database.hpp"

namespace hoist {

// Blocks; for start-up.
[[nodiscard]] Result<bool> has_object_rows(sql::Database& database, Deadline deadline);

}  // namespace hoist
