// sql::Transaction over one connection that is already inside BEGIN.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/surroundings.hpp"
#include "sql/database.hpp"

namespace hoist::sqlite {

class SqliteTransaction final : public sql::Transaction {
 public:
  // With `savepoint`, everything this function changes can be taken back alone. It is opened at the
  // first statement that writes, so a function that only looks pays nothing.
  SqliteTransaction(Connection& connection, Surroundings const& surroundings, Scope const& scope,
                    bool savepoint)
      : connection_{connection},
        wakeups_{surroundings.wakeups},
        scope_{scope},
        now_{surroundings.clock.now()},
        savepoint_{savepoint} {}

  [[nodiscard]] Scope const& scope() const override { return scope_; }
  [[nodiscard]] Time now() const override { return now_; }
  Result<sql::Claim> claim(TenantId const& /*tenant*/) override { return sql::Claim::held; }

  Result<sql::Rows> query(std::string_view sql, sql::Args args = {}) override;
  Result<std::int64_t> execute(std::string_view sql, sql::Args args = {}) override;
  void notify(Topic const& topic) override;
  void after_commit(std::move_only_function<void()> action) override;

  // Something was changed that a failed function has to take back.
  [[nodiscard]] bool changed() const { return changed_; }
  // The function's answer, unless it went on after a statement that failed: then that error.
  [[nodiscard]] Result<void> outcome(Result<void> answer) const;
  // Ends the function's part: keeps its changes, or takes them back.
  Result<void> keep();
  Result<void> take_back();
  // Set when SQLite itself ended the surrounding transaction (disk full, I/O error): then nothing
  // of it can be committed, whatever the function returned.
  [[nodiscard]] std::optional<Error> const& broken() const { return broken_; }
  [[nodiscard]] std::vector<std::move_only_function<void()>> take_actions() { return std::move(actions_); }

 private:
  Result<void> run(std::string_view sql, sql::Args const& args, sql::Rows* rows);
  Result<void> run_statement(std::string_view sql, sql::Args const& args, sql::Rows* rows);
  Result<void> control(std::string_view sql);
  Result<void> note(Result<void> outcome);

  Connection& connection_;
  Wakeups& wakeups_;
  Scope const& scope_;
  Time now_;
  bool savepoint_;
  bool opened_ = false;
  bool changed_ = false;
  std::optional<Error> failed_;  // of the first statement that failed
  std::optional<Error> broken_;
  std::set<Topic> topics_;
  std::vector<std::move_only_function<void()>> actions_;
};

}  // namespace hoist::sqlite
