// Reads every row of every table once, as a check of what the server's disk has kept: its pages say by their
// checksums, and its values by their structure, whether they are whole.
//
// Errors  unavailable, timeout. What cannot be read is an answer, a sentence for each table.
#pragma once

#include <string>
#include <vector>

#include "sql/database.hpp"

namespace hoist::postgres {

[[nodiscard]] Async<std::vector<std::string>> read_every_row(sql::Database& database);

}  // namespace hoist::postgres
