// Whether the tables of uploads agree with each other and with the embedded store, as sentences about what
// does not; none when all is well. For `hoist doctor` and the tests. System scope.
#pragma once

#include <string>
#include <vector>

#include "assembly/maintenance.hpp"
#include "sql/database.hpp"

namespace hoist::uploads {

// Tenants whose recorded usage is not the sum over their uploads.
[[nodiscard]] Result<std::vector<std::string>> check_usage(sql::Transaction& tx);

// Uploads whose bytes are not in the embedded store, and objects there that no upload needs.
[[nodiscard]] Result<std::vector<std::string>> check_objects(sql::Transaction& tx);

// All of them, and that of the counts of projects.
[[nodiscard]] std::vector<Check> checks(sql::Database& database);

}  // namespace hoist::uploads
