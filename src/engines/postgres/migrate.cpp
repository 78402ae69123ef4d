#include <fmt/format.h>

#include "adapters/postgres/database.hpp"
#include "adapters/postgres/dialect.hpp"
#include "adapters/postgres/schema.hpp"
#include "adapters/postgres/url.hpp"
#include "base/try.hpp"
#include "engines/postgres/engine.hpp"
#include "sql/migrations.hpp"

namespace hoist::postgres {
namespace {

Result<void> check_addresses(Settings const& settings) {
  if (settings.owner_url.empty())  // libpq would connect to whatever its defaults name
    return fail(
        Code::invalid,
        "database.owner_url (HOIST_DATABASE_OWNER_URL) is needed: the address of the user who owns the "
        "tables");
  CHECK(check_url(settings.url));
  CHECK(check_url(settings.owner_url));
  if (user_of(settings.url).empty() || user_of(settings.url) == user_of(settings.owner_url))
    return fail(
        Code::invalid,
        "database.url and database.owner_url must name two users: the one that serves, who owns nothing, "
        "and the one that owns the tables");
  return {};
}

}  // namespace

Result<std::vector<std::string>> plan_migrations(Settings const& settings) {
  CHECK(check_addresses(settings));
  TRY(auto const applied, read_applied(settings.owner_url));
  TRY(auto const waiting, sql::waiting_migrations(applied, dialect));
  auto plan = std::vector<std::string>{};
  for (auto const& migration : waiting)
    plan.push_back(fmt::format("{} {}", migration.version, migration.name));
  return plan;
}

Result<std::int64_t> migrate(Settings const& settings, Metrics& metrics) {
  CHECK(check_addresses(settings));
  auto wakeups = memory::Wakeups{};
  CHECK(prepare(settings.owner_url));
  TRY(auto const database,
      open_database({.url = settings.owner_url, .writers = 1, .readers = 1, .pooled = true},
                    {wakeups, metrics}));
  TRY(auto const count, sql::migrate(*database, dialect));
  CHECK(secure(settings.owner_url, user_of(settings.url)));
  return count;
}

}  // namespace hoist::postgres
