// One connection to a PostgreSQL server, with its prepared statements.
//
// Threads   one at a time.
// Errors    Failure says whether running again may help. After `lost` the connection is of no use.
// Secrets   the URL holds a password and appears in no error.
// Invariant it is in libpq's pipeline mode for all its life: commands that need not wait for each other's
//           answers travel together.
#pragma once

#include <expected>
#include <initializer_list>
#include <libpq-fe.h>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "adapters/postgres/errors.hpp"
#include "base/time.hpp"
#include "sql/value.hpp"

namespace hoist::postgres {

inline constexpr auto cached_statements_max = std::size_t{512};

struct ClearResult {
  void operator()(PGresult* result) const { PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, ClearResult>;

struct Command {
  std::string_view sql;
  sql::Args args = {};
};

class Connection {
 public:
  struct Options {
    std::string url;
    bool prepares = true;  // false: behind a pooler that gives every transaction another connection
    bool writable = true;  // only to a server that takes writes, where the URL names several
    bool first = false;    // at start, where a mistake in the URL is told apart from a server that is away
  };
  // Blocks for some seconds at most. Errors: unavailable; for the first one forbidden and not_found, too.
  static Result<std::unique_ptr<Connection>> open(Options const& options);

  // Sends all of them at once, and answers what the last one answered. The first that fails ends them.
  std::expected<Answer, Failure> run(std::span<Command const> commands, Deadline deadline);
  std::expected<Answer, Failure> run(std::initializer_list<Command> commands, Deadline deadline) {
    return run(std::span{commands.begin(), commands.size()}, deadline);
  }
  [[nodiscard]] bool usable() const { return !lost_ && PQstatus(handle_.get()) == CONNECTION_OK; }
  // It may begin another transaction. The set of statements is small, because we write them; what is built at
  // run time could still grow it.
  [[nodiscard]] bool fresh() const { return usable() && statements_.size() <= cached_statements_max; }
  [[nodiscard]] PGconn* handle() const { return handle_.get(); }

 private:
  struct Close {
    void operator()(PGconn* handle) const { PQfinish(handle); }
  };
  // What is sent and not answered yet.
  struct Expected {
    std::string key;  // of a statement that is being prepared; empty: its rows are awaited
    std::string name;
  };
  Connection(PGconn* handle, bool prepares) : handle_{handle}, prepares_{prepares} {}
  bool send(Command const& command, std::vector<Expected>& expected);
  std::expected<Answer, Failure> receive(std::vector<Expected> const& expected, Deadline deadline);
  std::expected<Answer, Failure> next(Deadline deadline);
  bool wait(Deadline deadline);
  std::unexpected<Failure> lose(std::string_view cause);

  std::unique_ptr<PGconn, Close> handle_;
  bool prepares_;
  bool lost_ = false;
  std::unordered_map<std::string, std::string> statements_;  // name by text and types
  std::size_t named_ = 0;
};

}  // namespace hoist::postgres
