#include "support/tenant_check.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <set>
#include <utility>

#include "support/passing_transaction.hpp"

namespace hoist::testing {
namespace {

constexpr auto condition = std::string_view{"tenant = $"};

// The value that "$3" at the start of `text` stands for.
sql::Value const* argument(std::string_view text, sql::Args const& args) {
  auto number = std::size_t{0};
  std::from_chars(text.data() + 1, text.data() + text.size(), number);
  return number > 0 && number <= args.size() ? &args[number - 1] : nullptr;
}

class Checked final : public PassingTransaction {
 public:
  using PassingTransaction::PassingTransaction;
  Result<sql::Claim> claim(TenantId const& tenant) override {
    auto answer = PassingTransaction::claim(tenant);
    if (answer && *answer != sql::Claim::refused) claimed_.insert(tenant);
    return answer;
  }
  Result<sql::Rows> query(std::string_view sql, sql::Args args) override {
    look_at(sql, args);
    return PassingTransaction::query(sql, std::move(args));
  }
  Result<std::int64_t> execute(std::string_view sql, sql::Args args) override {
    look_at(sql, args);
    return PassingTransaction::execute(sql, std::move(args));
  }

 private:
  [[nodiscard]] bool may_name(TenantId const& tenant) const {
    if (!scope().claims()) return scope().covers(tenant);
    auto const is_of = [&](TenantId const& one) { return Scope::tenant(one).covers(tenant); };
    return std::ranges::any_of(*scope().claims(), is_of) || std::ranges::any_of(claimed_, is_of);
  }

  void check(std::string_view statement, sql::Value const* tenant) const {
    auto const* name = tenant != nullptr ? std::get_if<std::string>(tenant) : nullptr;
    if (name == nullptr || may_name(TenantId{*name})) return;
    auto const whose = scope().only() ? scope().only()->str() : std::string{"those it has claimed"};
    std::fprintf(stderr, "a transaction of %s names %s: %.*s\n", whose.c_str(), name->c_str(),
                 static_cast<int>(statement.size()), statement.data());
    std::abort();
  }

  void look_at(std::string_view sql, sql::Args const& args) const {
    if (!scope().only() && !scope().claims()) return;
    check_conditions(sql, args);
    check_inserted(sql, args);
  }

  void check_conditions(std::string_view statement, sql::Args const& args) const {
    for (auto at = statement.find(condition); at != statement.npos; at = statement.find(condition, at + 1))
      check(statement, argument(statement.substr(at + condition.size() - 1), args));
  }

  // INSERT INTO things (tenant, ...) VALUES ($1, ...), ($5, ...): the tenant comes first by our habit.
  void check_inserted(std::string_view statement, sql::Args const& args) const {
    if (!statement.starts_with("INSERT INTO ")) return;
    auto const columns = statement.find(" (tenant,");
    if (columns == statement.npos) return;
    for (auto at = statement.find("($", columns); at != statement.npos; at = statement.find("($", at + 1))
      check(statement, argument(statement.substr(at + 1), args));
  }

  std::set<TenantId> claimed_;
};

class CheckingDatabase final : public sql::Database {
 public:
  explicit CheckingDatabase(std::unique_ptr<sql::Database> inner) : inner_{std::move(inner)} {}
  void submit(Access access, Scope scope, Work work, Deadline deadline, Done done) override {
    auto checked = [work = std::move(work)](sql::Transaction& tx) mutable {
      auto all = Checked{tx};
      return work(all);
    };
    inner_->submit(access, std::move(scope), std::move(checked), deadline, std::move(done));
  }

 private:
  std::unique_ptr<sql::Database> inner_;
};

}  // namespace

std::unique_ptr<sql::Database> checking_tenants(std::unique_ptr<sql::Database> database) {
  return std::make_unique<CheckingDatabase>(std::move(database));
}

}  // namespace hoist::testing
