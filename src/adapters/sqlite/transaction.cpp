#include "adapters/sqlite/transaction.hpp"

#include "base/try.hpp"

namespace hoist::sqlite {

// Outside a transaction the next statement would commit by itself: nothing may run any more.
Result<void> SqliteTransaction::note(Result<void> outcome) {
  if (!outcome && !connection_.in_transaction()) broken_ = outcome.error();
  return outcome;
}

Result<void> SqliteTransaction::control(std::string_view sql) {
  TRY(auto* statement, connection_.prepare(sql));
  return note(statement->run(connection_.handle(), {}, nullptr));
}

Result<void> SqliteTransaction::run(std::string_view sql, sql::Args const& args, sql::Rows* rows) {
  if (failed_) return std::unexpected{*failed_};
  auto done = run_statement(sql, args, rows);
  if (!done) failed_ = done.error();
  return done;
}

Result<void> SqliteTransaction::run_statement(std::string_view sql, sql::Args const& args, sql::Rows* rows) {
  TRY(auto* statement, connection_.prepare(sql));
  if (statement->writes() && savepoint_ && !opened_) {
    CHECK(control("SAVEPOINT work"));
    opened_ = true;
    TRY(statement, connection_.prepare(sql));
  }
  auto const before = connection_.total_changes();
  auto const outcome = note(statement->run(connection_.handle(), args, rows));
  // Rows are counted; what alters the schema is not.
  changed_ = changed_ || connection_.total_changes() != before || statement->alters_schema();
  return outcome;
}

Result<sql::Rows> SqliteTransaction::query(std::string_view sql, sql::Args args) {
  auto rows = sql::Rows{};
  CHECK(run(sql, args, &rows));
  return rows;
}

Result<std::int64_t> SqliteTransaction::execute(std::string_view sql, sql::Args args) {
  CHECK(run(sql, args, nullptr));
  return connection_.changes();
}

void SqliteTransaction::notify(Topic const& topic) {
  if (!topics_.insert(topic).second) return;
  after_commit([&wakeups = wakeups_, topic] { wakeups.notify(topic); });
}

void SqliteTransaction::after_commit(std::move_only_function<void()> action) {
  actions_.push_back(std::move(action));
}

Result<void> SqliteTransaction::outcome(Result<void> answer) const {
  return answer && failed_ ? std::unexpected{*failed_} : std::move(answer);
}

Result<void> SqliteTransaction::keep() {
  if (broken_) return std::unexpected{*broken_};
  if (!opened_) return {};
  opened_ = false;
  return control("RELEASE work");
}

Result<void> SqliteTransaction::take_back() {
  actions_.clear();
  if (broken_) return std::unexpected{*broken_};
  if (!opened_) return {};
  opened_ = false;
  CHECK(control("ROLLBACK TO work"));
  return control("RELEASE work");
}

}  // namespace hoist::sqlite
