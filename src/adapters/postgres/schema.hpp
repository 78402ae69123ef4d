// What the database itself keeps beside the tables of migrations/: its clock, and who may see which rows.
//
// Roles     the owner makes and changes tables, and nothing else uses it. The server connects as another
// role,
//           which owns nothing, is no superuser and cannot bypass row-level security.
// Rows      every table has row-level security in force, for its owner too. A table with a column `tenant`
// shows
//           the rows of the tenant that the transaction is for, and of its audit trail; a transaction of the
//           system sees all; a table without such a column is the system's alone. A session that names
//           neither, such as a shell, sees nothing.
// Threads   all of it blocks, at start and for tools.
#pragma once

#include <string>

#include "base/error.hpp"
#include "sql/value.hpp"

namespace hoist::postgres {

// By the owner, before migrations: the clock, which they read. Refuses a database that does not sort text by
// its bytes, as cursors and lists do, or is not UTF-8.
[[nodiscard]] Result<void> prepare(std::string const& owner_url);

// By the owner, after migrations: row-level security on every table, and the rights of `role`.
[[nodiscard]] Result<void> secure(std::string const& owner_url, std::string const& role);

// By the owner, before anything is there too: the rows of schema_migrations.
[[nodiscard]] Result<sql::Rows> read_applied(std::string const& owner_url);

// By the server, as the role it serves with. Errors: conflict, with what is not in force and how to mend it.
[[nodiscard]] Result<void> check_secured(std::string const& url);

}  // namespace hoist::postgres
