#include "engines/postgres/every_row.hpp"

#include <fmt/format.h>

#include "base/try.hpp"

namespace hoist::postgres {
namespace {

using Names = std::vector<std::string>;

constexpr auto list_time_max = std::chrono::seconds{30};
constexpr auto read_time_max = std::chrono::hours{6};

Result<Names> list_tables(sql::Transaction& tx) {
  TRY(auto const rows, tx.query("SELECT quote_ident(relname) FROM pg_class WHERE relkind = 'r' "
                                "AND relnamespace = current_schema()::regnamespace ORDER BY relname"));
  auto names = Names{};
  for (auto const& row : rows) names.push_back(row.text(0));
  return names;
}

}  // namespace

Async<std::vector<std::string>> read_every_row(sql::Database& database) {
  CO_TRY(auto const tables, co_await database.read(Scope::system(), list_tables, deadline_in(list_time_max)));
  auto problems = std::vector<std::string>{};
  for (auto const& table : tables) {
    // A row as text has all of its values, those that are kept apart for their length too.
    auto const text = fmt::format("SELECT coalesce(sum(length(t::text)), 0) FROM {} AS t", table);
    auto const read = [&](sql::Transaction& tx) { return tx.query(text); };
    auto const done = co_await database.read(Scope::system(), read, deadline_in(read_time_max));
    if (done) continue;
    if (done.error().retryable() && done.error().code() != Code::internal)
      co_return std::unexpected{done.error()};
    problems.push_back(fmt::format("the table {} cannot be read: {}", table, done.error().to_string()));
  }
  co_return problems;
}

}  // namespace hoist::postgres
