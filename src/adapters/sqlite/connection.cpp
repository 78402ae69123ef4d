#include "adapters/sqlite/connection.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>
#include <limits>

#include "adapters/sqlite/wal_buffer.hpp"
#include "base/assert.hpp"
#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::sqlite {
namespace {

constexpr auto busy_timeout_ms = 5000;
constexpr auto journal_limit = std::string_view{"PRAGMA journal_size_limit = 67108864;"};

// "$3" is the third argument; SQLite numbers parameters by first appearance instead.
std::size_t argument_of(char const* name) {
  HOIST_ASSERT(name != nullptr && name[0] == '$');
  auto const digits = std::string_view{name + 1};
  auto number = std::size_t{0};
  auto const parsed = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  HOIST_ASSERT(parsed.ec == std::errc{} && parsed.ptr == digits.data() + digits.size() && number > 0);
  return number - 1;
}

// The thread that writes is alone, so rows need no lock, and SQLite does not know these words.
std::string without_locks(std::string_view sql) {
  auto text = std::string{sql};
  for (auto at = text.find(sql::for_update); at != text.npos; at = text.find(sql::for_update, at))
    text.erase(at, sql::for_update.size());
  return text;
}

int bind_value(sqlite3_stmt* statement, int index, sql::Value const& value) {
  if (auto const* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, index, *number);
  if (auto const* real = std::get_if<double>(&value)) return sqlite3_bind_double(statement, index, *real);
  if (auto const* text = std::get_if<std::string>(&value))
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  return sqlite3_bind_null(statement, index);
}

sql::Value column_value(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite3_column_int64(statement, index)};
    case SQLITE_FLOAT: return sqlite3_column_double(statement, index);
    case SQLITE_NULL: return sql::null();
    default: {
      auto const* bytes = static_cast<char const*>(sqlite3_column_blob(statement, index));
      auto const size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return size == 0 ? std::string{} : std::string{bytes, size};
    }
  }
}

[[noreturn]] void die_of_failed_sync(char const* message) {
  log::fatal("a sync to disk failed; stopping, because what was written can no longer be trusted",
             {{"cause", message}});
}

}  // namespace

std::unexpected<Error> sqlite_error(sqlite3* database, int rc) {
  auto const extended = database != nullptr && (rc & 0xFF) == (sqlite3_errcode(database) & 0xFF)
                            ? sqlite3_extended_errcode(database)
                            : rc;
  auto const* message = database != nullptr ? sqlite3_errmsg(database) : sqlite3_errstr(rc);
  if (extended == SQLITE_IOERR_FSYNC || extended == SQLITE_IOERR_DIR_FSYNC) die_of_failed_sync(message);
  auto const cause = fmt::format("sqlite {}: {}", extended, message);
  switch (extended & 0xFF) {
    case SQLITE_CONSTRAINT:
      if (extended == SQLITE_CONSTRAINT_UNIQUE || extended == SQLITE_CONSTRAINT_PRIMARYKEY ||
          extended == SQLITE_CONSTRAINT_ROWID || extended == SQLITE_CONSTRAINT_FOREIGNKEY)
        return fail(
            Error{Code::conflict, "It already exists, or it refers to something that does not."}.with_cause(
                cause));
      break;
    case SQLITE_FULL:
      return fail(
          Error{Code::storage_full, "The server's disk is full."}.with_retry_after(30).with_cause(cause));
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
      return fail(
          Error{Code::unavailable, "The database is temporarily unavailable."}.with_retry_after(1).with_cause(
              cause));
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return fail(Error{Code::corrupt, "The database is damaged."}.with_cause(cause));
    case SQLITE_TOOBIG: return fail(Error{Code::too_large, "The value is too large."}.with_cause(cause));
    default: break;
  }
  return fail(Error{Code::internal, "The database refused a statement."}.with_cause(cause));
}

Statement::Statement(sqlite3_stmt* handle) : handle_{handle} {
  writes_ = sqlite3_stmt_readonly(handle) == 0;
  auto const verb = to_lower(std::string_view{sqlite3_sql(handle)}.substr(0, 6));
  alters_schema_ = verb == "create" || verb == "alter " || verb.starts_with("drop ");
  auto const count = sqlite3_bind_parameter_count(handle);
  for (auto i = 1; i <= count; ++i) arguments_.push_back(argument_of(sqlite3_bind_parameter_name(handle, i)));
}

Result<void> Statement::bind(sqlite3* database, sql::Args const& args) {
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    if (arguments_[i] >= args.size())
      return fail(
          Error{Code::internal, "The database refused a statement."}.with_cause("missing SQL argument"));
    auto const rc = bind_value(handle_.get(), static_cast<int>(i) + 1, args[arguments_[i]]);
    if (rc != SQLITE_OK) return sqlite_error(database, rc);
  }
  return {};
}

Result<void> Statement::run(sqlite3* database, sql::Args const& args, sql::Rows* rows) {
  CHECK(bind(database, args));
  auto* const statement = handle_.get();
  auto const columns = sqlite3_column_count(statement);
  auto rc = sqlite3_step(statement);
  while (rc == SQLITE_ROW) {
    if (rows != nullptr) {
      auto values = std::vector<sql::Value>{};
      values.reserve(static_cast<std::size_t>(columns));
      for (auto i = 0; i < columns; ++i) values.push_back(column_value(statement, i));
      rows->emplace_back(std::move(values));
    }
    rc = sqlite3_step(statement);
  }
  auto result = Result<void>{};
  if (rc != SQLITE_DONE) result = sqlite_error(database, rc);
  // Reset at once: an open statement would pin its snapshot and hold back the WAL.
  sqlite3_reset(statement);
  return result;
}

Result<std::unique_ptr<Connection>> Connection::open(Options options) {
  auto connection = std::make_unique<Connection>();
  auto* handle = static_cast<sqlite3*>(nullptr);
  auto const flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  // See there why not without syncs.
  auto const* const layer = options.durable && !options.read_only ? wal_buffer_layer() : nullptr;
  auto const rc = sqlite3_open_v2(options.path.c_str(), &handle, flags, layer);
  connection->handle_.reset(handle);
  if (rc != SQLITE_OK) return sqlite_error(handle, rc);
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, busy_timeout_ms);
  CHECK(connection->run_script("PRAGMA journal_mode = WAL;"));
  // Every connection leaves checkpoints to the writer, which runs them itself so that it sees a
  // failed sync; SQLite's own automatic ones would swallow it. A transaction stays in memory until it
  // commits: pages written early would have to be undone in the WAL that other processes read.
  CHECK(
      connection->run_script("PRAGMA wal_autocheckpoint = 0;"
                             "PRAGMA foreign_keys = ON;"
                             "PRAGMA temp_store = MEMORY;"
                             "PRAGMA cache_spill = OFF;"
                             "PRAGMA secure_delete = FAST;"
                             "PRAGMA trusted_schema = OFF;"));
  CHECK(connection->run_script(journal_limit));
  CHECK(connection->run_script(fmt::format("PRAGMA cache_size = -{};", options.cache_kib)));
  CHECK(connection->run_script(options.durable ? "PRAGMA synchronous = FULL;" : "PRAGMA synchronous = OFF;"));
  if (options.read_only) CHECK(connection->run_script("PRAGMA query_only = ON;"));
  auto const remember_size = [](void* self, sqlite3*, char const*, int pages) {
    static_cast<Connection*>(self)->wal_pages_ = pages;
    return SQLITE_OK;
  };
  if (!options.checkpoints) sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  // Without its size no reader finds the WAL too long.
  if (!options.read_only && options.checkpoints) sqlite3_wal_hook(handle, remember_size, connection.get());
  return connection;
}

Result<Statement*> Connection::prepare(std::string_view sql) {
  if (auto const found = statements_.find(sql); found != statements_.end()) return &found->second;
  auto const text = without_locks(sql);
  auto* statement = static_cast<sqlite3_stmt*>(nullptr);
  auto const* tail = static_cast<char const*>(nullptr);
  auto const rc = sqlite3_prepare_v3(handle_.get(), text.data(), static_cast<int>(text.size()),
                                     SQLITE_PREPARE_PERSISTENT, &statement, &tail);
  if (rc != SQLITE_OK) return sqlite_error(handle_.get(), rc);
  auto const rest = std::string_view{tail};
  if (rest.find_first_not_of(" \t\r\n;") != std::string_view::npos || statement == nullptr) {
    sqlite3_finalize(statement);
    return fail(Error{Code::internal, "The database refused a statement."}.with_cause(
        "not exactly one SQL statement"));
  }
  // Statements are written by us, so the set is small; text built at run time could still grow it.
  if (statements_.size() >= cached_statements_max) statements_.clear();
  return &statements_.emplace(std::string{sql}, Statement{statement}).first->second;
}

Result<void> Connection::run_script(std::string_view sql) {
  auto const text = std::string{sql};
  auto const rc = sqlite3_exec(handle_.get(), text.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return sqlite_error(handle_.get(), rc);
  return {};
}

Result<void> Connection::checkpoint(int mode) {
  auto const rc = sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, mode, nullptr, nullptr);
  // Busy is no failure: a reader still needs the old pages, and the next checkpoint goes on.
  if (rc != SQLITE_OK && rc != SQLITE_BUSY) return sqlite_error(handle_.get(), rc);
  return {};
}

Result<bool> Connection::empty_wal() {
  sqlite3_busy_timeout(handle_.get(), 0);
  auto const rc =
      sqlite3_wal_checkpoint_v2(handle_.get(), nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  sqlite3_busy_timeout(handle_.get(), busy_timeout_ms);
  if (rc == SQLITE_BUSY) return false;
  if (rc != SQLITE_OK) return sqlite_error(handle_.get(), rc);
  // The next commit begins the log anew and, within this limit, cuts off the rest. It is never empty while
  // the database is open: one that is was taken away.
  CHECK(run_script("PRAGMA journal_size_limit = 0"));
  auto const begun = run_script("PRAGMA user_version = 0");  // writes a page of no data
  CHECK(run_script(journal_limit));
  if (!begun) return std::unexpected{begun.error()};
  return true;
}

}  // namespace hoist::sqlite
