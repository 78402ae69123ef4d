// A database for tests that ends the program when a transaction names a tenant whom its scope does not cover:
// in a condition `tenant = $n` or as the `tenant` of an inserted row. An engine that isolates tenants itself
// would answer such a statement with nothing, which no test would notice.
#pragma once

#include <memory>

#include "sql/database.hpp"

namespace hoist::testing {

[[nodiscard]] std::unique_ptr<sql::Database> checking_tenants(std::unique_ptr<sql::Database> database);

}  // namespace hoist::testing
