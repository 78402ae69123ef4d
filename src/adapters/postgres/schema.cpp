#include "adapters/postgres/schema.hpp"

#include <fmt/format.h>

#include <chrono>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/dialect.hpp"
#include "adapters/postgres/locks.hpp"
#include "adapters/postgres/url.hpp"
#include "base/try.hpp"
#include "sql/migrations.hpp"

namespace hoist::postgres {
namespace {

constexpr auto time_max = std::chrono::minutes{10};

// The advisory lock is taken inside of a block that is then undone, so it is held for this moment and not
// until the transaction ends. What setval() did stays.
constexpr auto clock_function = R"(
CREATE OR REPLACE FUNCTION hoist_now(floor_us bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  now_us bigint := greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, floor_us);
  latest bigint;
BEGIN
  SELECT last_value INTO latest FROM hoist_time;
  IF now_us <= latest THEN RETURN latest; END IF;
  BEGIN
    PERFORM pg_advisory_xact_lock({}, {});
    SELECT last_value INTO latest FROM hoist_time;
    now_us := greatest(now_us, latest);
    PERFORM setval('hoist_time', now_us);
    RAISE EXCEPTION USING ERRCODE = 'HT001';
  EXCEPTION WHEN SQLSTATE 'HT001' THEN
    RETURN now_us;
  END;
END $$)";

// Idempotent, and over whatever tables there are: a migration cannot forget one.
constexpr auto secure_tables = R"(
DO $$
DECLARE
  t record;
  mine text := $q$current_setting('hoist.scope', true) = 'system'$q$;
  rule text;
BEGIN
  FOR t IN SELECT c.oid, c.relname, c.relrowsecurity AND c.relforcerowsecurity AS forced,
             EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid
                     AND p.polname = 'hoist_scope') AS ruled,
             EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant'
                     AND NOT a.attisdropped) AS of_tenant
           FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
  LOOP
    rule := mine;
    IF t.of_tenant THEN
      rule := rule || $q$ OR (current_setting('hoist.scope', true) = 'tenant' AND tenant IN
        (current_setting('hoist.tenant', true), current_setting('hoist.tenant', true) || '#audit'))$q$;
    END IF;
    IF NOT t.forced THEN
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t.relname);
      EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t.relname);
    END IF;
    IF NOT t.ruled THEN
      EXECUTE format('CREATE POLICY hoist_scope ON %I USING (%s) WITH CHECK (%s)', t.relname, rule, rule);
    END IF;
  END LOOP;
END $$)";

// What stands between a mistake of ours and another tenant's rows; one row for each thing that is not so.
constexpr auto what_is_missing = R"(
SELECT 'there are no tables of Hoist yet' WHERE to_regclass('hoist_time') IS NULL
UNION ALL
SELECT 'the role ' || quote_ident(current_user) || ' is a superuser or may bypass row-level security'
  FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls)
UNION ALL
SELECT 'the role ' || quote_ident(current_user) || ' owns the table ' || c.relname
  FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    AND pg_has_role(c.relowner, 'MEMBER')
UNION ALL
SELECT 'row-level security is not in force on the table ' || c.relname
  FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p')
    AND NOT (c.relrowsecurity AND c.relforcerowsecurity
      AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'hoist_scope')
      AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname <> 'hoist_scope'))
LIMIT 10)";

Result<Answer> run(Connection& connection, std::vector<Command> const& commands) {
  auto answer = connection.run(commands, deadline_in(time_max));
  if (!answer) return std::unexpected{answer.error().error};
  return std::move(*answer);
}

std::string quoted_name(std::string_view name) {
  auto text = std::string{"\""};
  for (auto const c : name) text += c == '"' ? std::string{"\"\""} : std::string{c};
  return text + "\"";
}

// Two of us at once would meet in the catalogue.
Command alone() {
  return {"SELECT pg_advisory_xact_lock($1::int, $2::int)",
          {std::int64_t{lock_class}, std::int64_t{everything_lock}}};
}

Result<void> check_text(Connection& connection) {
  TRY(auto const found,
      run(connection,
          {{"SELECT pg_encoding_to_char(encoding) = 'UTF8' AND datcollate IN ('C', 'POSIX', 'C.UTF-8', "
            "'C.utf8'), datname FROM pg_database WHERE datname = current_database()"}}));
  if (value_of(found.get(), 0, 0) == sql::Value{std::int64_t{1}}) return {};
  return fail(
      Code::conflict,
      fmt::format("the database {0} does not sort text by its bytes; make one that does: CREATE DATABASE {0} "
                  "TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'",
                  PQgetvalue(found.get(), 0, 1)));
}

}  // namespace

Result<void> prepare(std::string const& owner_url) {
  TRY(auto const connection, Connection::open({.url = owner_url, .prepares = false, .first = true}));
  CHECK(check_text(*connection));
  CHECK(run(*connection, {{"BEGIN"},
                          alone(),
                          {"CREATE SEQUENCE IF NOT EXISTS hoist_time MINVALUE 0"},
                          {fmt::format(clock_function, lock_class, clock_lock)},
                          {"COMMIT"}}));
  return {};
}

Result<void> secure(std::string const& owner_url, std::string const& role) {
  TRY(auto const connection, Connection::open({.url = owner_url, .prepares = false, .first = true}));
  auto const name = quoted_name(role);
  TRY(auto const found, run(*connection, {{"SELECT quote_ident(current_schema())"}}));
  auto const* schema = PQgetvalue(found.get(), 0, 0);
  CHECK(run(
      *connection,
      {{"BEGIN"},
       alone(),
       {secure_tables},
       {fmt::format("GRANT USAGE ON SCHEMA {} TO {}", schema, name)},
       {fmt::format("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {} TO {}", schema, name)},
       {fmt::format("GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {} TO {}", schema, name)},
       {fmt::format("REVOKE INSERT, UPDATE, DELETE ON schema_migrations FROM {}", name)},
       {"COMMIT"}}));
  return {};
}

Result<sql::Rows> read_applied(std::string const& owner_url) {
  TRY(auto const connection, Connection::open({.url = owner_url, .prepares = false, .first = true}));
  TRY(auto const there, run(*connection, {{"SELECT to_regclass('schema_migrations') IS NOT NULL, "
                                           "set_config('hoist.scope', 'system', false)"}}));
  if (value_of(there.get(), 0, 0) == sql::Value{std::int64_t{0}}) return sql::Rows{};
  TRY(auto const found, run(*connection, {{sql::applied_migrations}}));
  return rows_of(found.get());
}

Result<void> check_secured(std::string const& url) {
  TRY(auto const connection, Connection::open({.url = url, .prepares = false, .first = true}));
  CHECK(check_text(*connection));
  TRY(auto const missing, run(*connection, {{what_is_missing}}));
  if (PQntuples(missing.get()) == 0) return {};
  auto text = std::string{"the database does not keep tenants apart for this role:"};
  for (auto row = 0; row < PQntuples(missing.get()); ++row)
    text += fmt::format("\n  {}", PQgetvalue(missing.get(), row, 0));
  return fail(Code::conflict,
              text +
                  "\nServe with a role of its own that owns nothing, and run hoist migrate with "
                  "database.owner_url; see docs/scaling.md");
}

}  // namespace hoist::postgres
