// One SQLite connection with its prepared statements.
//
// Threads    one at a time.
// Errors     sqlite_error() maps SQLite's codes to ours: conflict for UNIQUE and foreign keys,
//            storage_full, corrupt, too_large, unavailable, and internal for our own mistakes.
// Invariant  a failed fsync ends the process: the kernel may have dropped the pages, and a second
//            fsync would report success for data that is gone.
#pragma once

#include <sqlite3.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "sql/database.hpp"

namespace hoist::sqlite {

inline constexpr auto cached_statements_max = std::size_t{512};

class Statement {
 public:
  Statement() = default;
  Statement(sqlite3_stmt* handle);
  [[nodiscard]] bool writes() const { return writes_; }
  [[nodiscard]] bool alters_schema() const { return alters_schema_; }
  // Runs to the end; `rows` may be null when they are not wanted. The statement is reset after.
  Result<void> run(sqlite3* database, sql::Args const& args, sql::Rows* rows);

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* handle) const { sqlite3_finalize(handle); }
  };
  Result<void> bind(sqlite3* database, sql::Args const& args);

  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  std::vector<std::size_t> arguments_;  // SQLite's parameter i takes arguments_[i - 1], counted from 0
  bool writes_ = false;
  bool alters_schema_ = false;
};

class Connection {
 public:
  struct Options {
    std::string path;
    bool read_only = false;
    std::int64_t cache_kib = 8192;
    bool durable = true;      // false only for tests: commits are not synced
    bool checkpoints = true;  // false: never, not even the last to close
  };
  static Result<std::unique_ptr<Connection>> open(Options options);

  // The cached statement; valid until the next prepare().
  Result<Statement*> prepare(std::string_view sql);
  // Any number of statements, uncached and without parameters.
  Result<void> run_script(std::string_view sql);
  [[nodiscard]] std::int64_t changes() const { return sqlite3_changes64(handle_.get()); }
  [[nodiscard]] std::int64_t total_changes() const { return sqlite3_total_changes64(handle_.get()); }
  [[nodiscard]] bool in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }
  [[nodiscard]] sqlite3* handle() const { return handle_.get(); }

  // Writer only: moves committed pages from the WAL into the database file.
  Result<void> checkpoint(int mode);
  // Moves all of the WAL into the database and leaves nothing of it. false: a reader reads what it holds;
  // that is not waited for.
  Result<bool> empty_wal();
  [[nodiscard]] int wal_pages() const { return wal_pages_; }

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };
  struct TextHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<std::string, Statement, TextHash, std::equal_to<>> statements_;
  int wal_pages_ = 0;
};

// The error that `rc` of the last call on `database` means. Ends the process for a failed fsync.
[[nodiscard]] std::unexpected<Error> sqlite_error(sqlite3* database, int rc);

}  // namespace hoist::sqlite
