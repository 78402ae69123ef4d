// A transaction that passes everything on to another: for tests that look at some of it, or change it.
#pragma once

#include <utility>

#include "sql/transaction.hpp"

namespace hoist::testing {

class PassingTransaction : public sql::Transaction {
 public:
  explicit PassingTransaction(sql::Transaction& inner) : inner_{inner} {}
  [[nodiscard]] Scope const& scope() const override { return inner_.scope(); }
  [[nodiscard]] Time now() const override { return inner_.now(); }
  Result<sql::Claim> claim(TenantId const& tenant) override { return inner_.claim(tenant); }
  Result<sql::Rows> query(std::string_view sql, sql::Args args) override {
    return inner_.query(sql, std::move(args));
  }
  Result<std::int64_t> execute(std::string_view sql, sql::Args args) override {
    return inner_.execute(sql, std::move(args));
  }
  void notify(Topic const& topic) override { inner_.notify(topic); }
  void after_commit(std::move_only_function<void()> action) override {
    inner_.after_commit(std::move(action));
  }

 private:
  sql::Transaction& inner_;
};

}  // namespace hoist::testing
