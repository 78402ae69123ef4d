#include "adapters/postgres/transaction.hpp"

#include <cstdlib>

#include "adapters/postgres/dialect.hpp"
#include "adapters/postgres/locks.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::postgres {
namespace {

// "SELECT 3", "UPDATE 0", "CREATE TABLE": what leaves no trace need not be taken back.
bool leaves_nothing(std::string_view sql, PGresult* answer) {
  auto const count = std::string_view{PQcmdTuples(answer)};
  return count == "0" || (PQresultStatus(answer) == PGRES_TUPLES_OK &&
                          std::string_view{PQcmdStatus(answer)}.starts_with("SELECT") &&
                          to_lower(sql.substr(0, 6)) == "select");
}

std::int64_t rows_changed(PGresult* answer) {
  return std::strtoll(PQcmdTuples(answer), nullptr, 10);  // 0 of what changes none: the text is empty
}

}  // namespace

Result<Answer> PostgresTransaction::run(std::string_view sql, sql::Args args) {
  if (failed_) return std::unexpected{failed_->error};
  auto answer = surrounding_.connection.run({Command{sql, std::move(args)}}, surrounding_.deadline);
  if (!answer) {
    failed_ = std::move(answer).error();
    return std::unexpected{failed_->error};
  }
  changed_ = changed_ || !leaves_nothing(sql, answer->get());
  return std::move(*answer);
}

Result<sql::Claim> PostgresTransaction::claim(TenantId const& tenant) {
  if (!scope_.claims() || scope_.claims(tenant) || claimed_.contains(tenant)) return sql::Claim::held;
  TRY(auto const answer, run("SELECT pg_try_advisory_xact_lock($1::int, $2::int)",
                             {std::int64_t{lock_class}, std::int64_t{lock_of(tenant)}}));
  if (value_of(answer.get(), 0, 0) != sql::Value{std::int64_t{1}}) return sql::Claim::refused;
  claimed_.insert(tenant);
  return sql::Claim::granted;
}

Result<sql::Rows> PostgresTransaction::query(std::string_view sql, sql::Args args) {
  TRY(auto const answer, run(sql, std::move(args)));
  return rows_of(answer.get());
}

Result<std::int64_t> PostgresTransaction::execute(std::string_view sql, sql::Args args) {
  TRY(auto const answer, run(sql, std::move(args)));
  return rows_changed(answer.get());
}

void PostgresTransaction::notify(Topic const& topic) {
  if (!topics_.insert(topic).second) return;
  after_commit([&wakeups = surrounding_.wakeups, topic] { wakeups.notify(topic); });
}

void PostgresTransaction::after_commit(std::move_only_function<void()> action) {
  actions_.push_back(std::move(action));
}

}  // namespace hoist::postgres
