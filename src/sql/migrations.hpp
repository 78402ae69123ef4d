// Brings a database's tables up to what this binary needs: migrations/NNNN_name.sql, in order of
// number, each in its own transaction, forward only.
//
// Errors     conflict when the data was written by a newer version than this binary, or when a
//            migration that already ran was edited since.
// Dialects   NNNN_name.sqlite.sql (or .postgres.sql) wins over NNNN_name.sql on that engine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sql/database.hpp"

namespace hoist::sql {

struct Migration {
  std::int64_t version = 0;
  std::string name;
  std::string dialect;  // empty: every engine without a file of its own
  std::string sql;
};

// Those in migrations/ when the binary was built, by number.
[[nodiscard]] std::vector<Migration> const& compiled_migrations();

// For start-up and tools: blocks the calling thread. Answers how many ran.
Result<std::int64_t> migrate(Database& database, std::string_view dialect,
                             std::vector<Migration> const& migrations = compiled_migrations());

// What the following wants to know of a database.
inline constexpr auto applied_migrations =
    std::string_view{"SELECT version, name, checksum FROM schema_migrations ORDER BY version"};
// Those that migrate() would run on a database that answers so to applied_migrations.
// Errors: conflict, as above.
[[nodiscard]] Result<std::vector<Migration>> waiting_migrations(
    Rows const& applied, std::string_view dialect,
    std::vector<Migration> const& migrations = compiled_migrations());

// For a process beside a server, whose tables are not its business. Errors: conflict when they are not
// exactly those of this binary, and what to do about it.
[[nodiscard]] Result<void> check_schema(Database& database, std::string_view dialect,
                                        std::vector<Migration> const& migrations = compiled_migrations());

// The statements of a script, split at semicolons outside quotes, comments and trigger bodies.
[[nodiscard]] std::vector<std::string> split_statements(std::string_view script);

}  // namespace hoist::sql
