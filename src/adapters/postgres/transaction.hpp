// sql::Transaction over one connection that is already inside BEGIN.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "adapters/postgres/connection.hpp"
#include "ports/wakeups.hpp"
#include "sql/database.hpp"

namespace hoist::postgres {

class PostgresTransaction final : public sql::Transaction {
 public:
  struct Surrounding {
    Connection& connection;
    Wakeups& wakeups;
    Time now;
    Deadline deadline;
  };
  PostgresTransaction(Surrounding surrounding, Scope const& scope)
      : surrounding_{surrounding}, scope_{scope} {}

  [[nodiscard]] Scope const& scope() const override { return scope_; }
  [[nodiscard]] Time now() const override { return surrounding_.now; }
  Result<sql::Claim> claim(TenantId const& tenant) override;
  Result<sql::Rows> query(std::string_view sql, sql::Args args = {}) override;
  Result<std::int64_t> execute(std::string_view sql, sql::Args args = {}) override;
  void notify(Topic const& topic) override;
  void after_commit(std::move_only_function<void()> action) override;

  // Of the first statement that failed. Nothing of the surrounding transaction can be kept then.
  [[nodiscard]] std::optional<Failure> const& failed() const { return failed_; }
  // Something was changed that a failed function has to take back.
  [[nodiscard]] bool changed() const { return changed_; }
  [[nodiscard]] std::vector<std::move_only_function<void()>> take_actions() { return std::move(actions_); }

 private:
  Result<Answer> run(std::string_view sql, sql::Args args);

  Surrounding surrounding_;
  Scope const& scope_;
  bool changed_ = false;
  std::optional<Failure> failed_;
  std::set<TenantId> claimed_;  // on the way
  std::set<Topic> topics_;
  std::vector<std::move_only_function<void()>> actions_;
};

}  // namespace hoist::postgres
