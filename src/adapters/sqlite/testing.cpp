#include "adapters/sqlite/testing.hpp"

#include <atomic>
#include <chrono>
#include <unistd.h>

#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/transaction.hpp"
#include "base/try.hpp"
#include "sql/migrations.hpp"
#include "sql/run_now.hpp"

namespace hoist::testing {
namespace {

using namespace std::chrono_literals;

template <class T>
T must(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "test database: %s\n", result.error().to_string().c_str());
    std::abort();
  }
  return std::move(*result);
}

std::filesystem::path new_folder() {
  static std::atomic<int> number{0};
  auto const name = "hoist-test-" + std::to_string(::getpid()) + "-" + std::to_string(number++);
  auto folder = std::filesystem::temp_directory_path() / name;
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder;
}

class InlineDatabase final : public sql::Database {
 public:
  explicit InlineDatabase(std::unique_ptr<sqlite::Connection> connection)
      : connection_{std::move(connection)} {}

  void submit(Access access, TenantId, Work work, Deadline, Done done) override {
    if (access == Access::write) run_in_vain(work);
    auto tx = sqlite::SqliteTransaction{*connection_, false};
    auto outcome = run(tx, work);
    if (outcome)
      for (auto& action : tx.take_actions()) action();
    done(std::move(outcome));
  }

 private:
  Result<void> control(std::string_view sql) {
    TRY(auto* statement, connection_->prepare(sql));
    return statement->run(connection_->handle(), {}, nullptr);
  }
  void run_in_vain(Work& work) {
    auto tx = sqlite::SqliteTransaction{*connection_, false};
    if (!control("BEGIN")) std::abort();
    (void)work(tx);
    if (!control("ROLLBACK")) std::abort();
  }
  Result<void> run(sqlite::SqliteTransaction& tx, Work& work) {
    CHECK(control("BEGIN"));
    auto outcome = work(tx);
    auto ended = control(outcome ? "COMMIT" : "ROLLBACK");
    return outcome ? ended : outcome;
  }

  std::unique_ptr<sqlite::Connection> connection_;
};

}  // namespace

TestDatabase::TestDatabase(Kind kind)
    : kind_{kind}, folder_{new_folder()}, metrics_{std::make_unique<Metrics>()} {
  open();
}

TestDatabase::~TestDatabase() {
  if (!metrics_) return;  // moved from
  database_.reset();
  auto ignored = std::error_code{};
  std::filesystem::remove_all(folder_, ignored);
}

void TestDatabase::open() {
  if (kind_ == Kind::inline_) {
    database_ = std::make_unique<InlineDatabase>(
        must(sqlite::Connection::open({.path = ":memory:", .durable = false})));
  } else {
    auto const path = (folder_ / "hoist.db").string();
    auto const fast = kind_ == Kind::fast;
    database_ = must(sqlite::detail::open_database({.path = path, .readers = 2}, *metrics_,
                                                   {.durable = !fast, .run_twice = fast}));
  }
  must(sql::migrate(*database_, "sqlite", SystemClock{}.now()));
}

void TestDatabase::reopen() {
  database_.reset();
  open();
}

Result<void> write_now(sql::Database& database, std::function<Result<void>(sql::Transaction&)> work) {
  return sql::run_now(database, sql::Database::Access::write, std::move(work), deadline_in(60s));
}
Result<void> read_now(sql::Database& database, std::function<Result<void>(sql::Transaction&)> work) {
  return sql::run_now(database, sql::Database::Access::read, std::move(work), deadline_in(60s));
}

}  // namespace hoist::testing
