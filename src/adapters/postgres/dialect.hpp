// Where PostgreSQL differs from the SQL that all engines share: the words of a statement, and the types of
// what it answers. Nothing else of the adapter knows of it.
#pragma once

#include <libpq-fe.h>
#include <string>
#include <string_view>

#include "sql/value.hpp"

namespace hoist::postgres {

// The name of this dialect in migrations/NNNN_name.postgres.sql.
inline constexpr auto dialect = std::string_view{"postgres"};

// A key that numbers itself is said in other words here. Everything else goes as it is.
[[nodiscard]] std::string adapted(std::string_view sql);

// How many parameters the statement names: PostgreSQL refuses more of them.
[[nodiscard]] std::size_t parameters_of(std::string_view sql);

// Its plan is worth keeping: it reads or changes rows, and may come again.
[[nodiscard]] bool worth_preparing(std::string_view sql);

// What a column of a result says. A sum of BIGINT is NUMERIC here, and truth a type of its own: both are
// integers as everywhere.
[[nodiscard]] sql::Value value_of(PGresult const* result, int row, int column);
[[nodiscard]] sql::Rows rows_of(PGresult const* result);

}  // namespace hoist::postgres
