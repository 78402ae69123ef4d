#include "sql/migrations.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "sql/run_now.hpp"

namespace hoist::sql {
namespace {

constexpr auto one_migration_max = std::chrono::minutes{10};

Result<void> write_now(Database& database, Database::Work work) {
  return run_now(database, Database::Access::write, std::move(work), deadline_in(one_migration_max));
}

std::map<std::int64_t, Migration> for_dialect(std::vector<Migration> const& all, std::string_view dialect) {
  auto chosen = std::map<std::int64_t, Migration>{};
  for (auto const& migration : all) {
    if (!migration.dialect.empty() && migration.dialect != dialect) continue;
    auto& place = chosen[migration.version];
    if (place.version == 0 || !migration.dialect.empty()) place = migration;
  }
  return chosen;
}

std::string checksum(Migration const& migration) {
  return hex(sha256(migration.sql));
}

Result<void> check_applied(Rows const& applied, std::map<std::int64_t, Migration> const& known) {
  for (auto const& row : applied) {
    auto const found = known.find(row.integer(0));
    if (found == known.end())
      return fail(Code::conflict,
                  fmt::format("The data was written by a newer version (migration {} \"{}\"). "
                              "Start that version, or restore a backup made by this one.",
                              row.integer(0), row.text(1)));
    if (checksum(found->second) != row.text(2))
      return fail(Code::conflict, fmt::format("Migration {} \"{}\" was edited after it ran here. "
                                              "Undo the edit and add a new migration instead.",
                                              row.integer(0), row.text(1)));
  }
  return {};
}

// Does nothing where another process that started at the same time was first.
Result<void> apply(Transaction& tx, Migration const& migration) {
  TRY(auto const done, tx.query("SELECT 1 FROM schema_migrations WHERE version = $1", {migration.version}));
  if (!done.empty()) return {};
  for (auto const& statement : split_statements(migration.sql)) CHECK(tx.execute(statement));
  CHECK(
      tx.execute("INSERT INTO schema_migrations (version, name, checksum, applied_us) "
                 "VALUES ($1, $2, $3, $4)",
                 {migration.version, migration.name, checksum(migration), to_us(tx.now())}));
  return {};
}

}  // namespace

std::vector<std::string> split_statements(std::string_view script) {
  auto statements = std::vector<std::string>{};
  auto current = std::string{};
  auto const finish = [&] {
    if (auto const text = trim(current); !text.empty()) statements.emplace_back(text);
    current.clear();
  };
  for (std::size_t i = 0; i < script.size(); ++i) {
    auto const rest = script.substr(i);
    auto const copy_to = [&](std::size_t end) {
      current += rest.substr(0, end);
      i += std::min(end, rest.size()) - 1;
    };
    if (rest.starts_with("--")) {
      auto const end = rest.find('\n');
      i += (end == std::string_view::npos ? rest.size() : end) - 1;
    } else if (rest.starts_with("$$")) {
      auto const end = rest.find("$$", 2);
      copy_to(end == std::string_view::npos ? rest.size() : end + 2);
    } else if (rest[0] == '\'' || rest[0] == '"') {
      auto const end = rest.find(rest[0], 1);  // a doubled quote reads as two strings: the same cut
      copy_to(end == std::string_view::npos ? rest.size() : end + 1);
    } else if (rest[0] == ';') {
      auto const lower = to_lower(trim(current));
      auto const trigger = lower.starts_with("create trigger");
      if (trigger) current += ';';
      if (!trigger || lower.ends_with("end")) finish();
    } else {
      current += rest[0];
    }
  }
  finish();
  return statements;
}

Result<std::vector<Migration>> waiting_migrations(Rows const& applied, std::string_view dialect,
                                                  std::vector<Migration> const& migrations) {
  auto const known = for_dialect(migrations, dialect);
  CHECK(check_applied(applied, known));
  auto waiting = std::vector<Migration>{};
  for (auto const& [version, migration] : known) {
    auto const is_this = [&](Row const& row) { return row.integer(0) == version; };
    if (std::ranges::none_of(applied, is_this)) waiting.push_back(migration);
  }
  return waiting;
}

Result<std::int64_t> migrate(Database& database, std::string_view dialect,
                             std::vector<Migration> const& migrations) {
  auto waiting = std::vector<Migration>{};
  CHECK(write_now(database, [&](Transaction& tx) -> Result<void> {
    CHECK(
        tx.execute("CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, "
                   "name TEXT NOT NULL, checksum TEXT NOT NULL, applied_us BIGINT NOT NULL)"));
    TRY(auto const applied, tx.query(applied_migrations));
    TRY(waiting, waiting_migrations(applied, dialect, migrations));
    return {};
  }));
  for (auto const& migration : waiting) {
    auto const done = write_now(database, [&](Transaction& tx) { return apply(tx, migration); });
    if (!done) {
      auto error = Error{done.error().code(),
                         fmt::format("Migration {} \"{}\" failed.", migration.version, migration.name)};
      return fail(std::move(error).with_cause(done.error().to_string()));
    }
    log::info("migrated", {{"version", std::to_string(migration.version)}, {"name", migration.name}});
  }
  return std::ssize(waiting);
}

Result<void> check_schema(Database& database, std::string_view dialect,
                          std::vector<Migration> const& migrations) {
  auto waiting = std::vector<Migration>{};
  auto const look = [&](Transaction& tx) -> Result<void> {
    TRY(auto const applied, tx.query(applied_migrations));
    TRY(waiting, waiting_migrations(applied, dialect, migrations));
    return {};
  };
  CHECK(run_now(database, Database::Access::read, look, deadline_in(one_migration_max)));
  if (waiting.empty()) return {};
  return fail(Code::conflict,
              fmt::format("The data was written by an older version: migration {} \"{}\" has not run here. "
                          "Start this version's server first, or run hoist migrate.",
                          waiting.front().version, waiting.front().name));
}

}  // namespace hoist::sql
