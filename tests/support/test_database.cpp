#include "support/test_database.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <unistd.h>

#include "adapters/memory/wakeups.hpp"
#include "adapters/sqlite/connection.hpp"
#include "adapters/sqlite/database.hpp"
#include "adapters/sqlite/transaction.hpp"
#include "base/try.hpp"
#include "sql/migrations.hpp"
#include "sql/run_now.hpp"
#include "support/tenant_check.hpp"
#include "support/test_engine.hpp"

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
  InlineDatabase(std::unique_ptr<sqlite::Connection> connection, sqlite::Surroundings surroundings)
      : connection_{std::move(connection)}, surroundings_{surroundings} {}

  void submit(Access access, Scope scope, Work work, Deadline, Done done) override {
    if (access == Access::write) run_in_vain(scope, work);
    auto tx = sqlite::SqliteTransaction{*connection_, surroundings_, scope, false};
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
  void run_in_vain(Scope const& scope, Work& work) {
    auto tx = sqlite::SqliteTransaction{*connection_, surroundings_, scope, false};
    if (!control("BEGIN")) std::abort();
    (void)work(tx);
    if (!control("ROLLBACK")) std::abort();
  }
  Result<void> run(sqlite::SqliteTransaction& tx, Work& work) {
    CHECK(control("BEGIN"));
    auto outcome = tx.outcome(work(tx));
    auto ended = control(outcome ? "COMMIT" : "ROLLBACK");
    return outcome ? ended : outcome;
  }

  std::unique_ptr<sqlite::Connection> connection_;
  sqlite::Surroundings surroundings_;
};

// What one has committed, the other has to see at its next turn.
class InTurns final : public sql::Database {
 public:
  InTurns(std::unique_ptr<sql::Database> one, std::unique_ptr<sql::Database> other)
      : databases_{std::move(one), std::move(other)} {}
  void submit(Access access, Scope scope, Work work, Deadline deadline, Done done) override {
    databases_[turn_++ % databases_.size()]->submit(access, std::move(scope), std::move(work), deadline,
                                                    std::move(done));
  }

 private:
  std::array<std::unique_ptr<sql::Database>, 2> databases_;
  std::atomic<std::size_t> turn_{0};
};

}  // namespace

std::function<std::unique_ptr<TestServer>()>& make_test_server() {
  static auto make = std::function<std::unique_ptr<TestServer>()>{};
  return make;
}

bool over_memory_engine() {
  auto const* engine = std::getenv("HOIST_TEST_ENGINE");
  return engine != nullptr && std::string_view{engine} == "memory";
}

Clock const& TestDatabase::system_clock() {
  static auto const clock = SystemClock{};
  return clock;
}

TestDatabase::TestDatabase(Kind kind, Clock const& clock)
    : kind_{kind},
      clock_{&clock},
      folder_{new_folder()},
      metrics_{std::make_unique<Metrics>()},
      wakeups_{std::make_unique<memory::Wakeups>()} {
  open();
}

TestDatabase::~TestDatabase() {
  if (!metrics_) return;  // moved from
  database_.reset();
  auto ignored = std::error_code{};
  std::filesystem::remove_all(folder_, ignored);
}

void TestDatabase::open_on_server() {
  if (!server_) server_ = make_test_server()();
  auto const* const clock = clock_ == &system_clock() ? nullptr : clock_;
  database_ = must(server_->open(*wakeups_, *metrics_, clock));
  if (kind_ == Kind::server_two)
    database_ =
        std::make_unique<InTurns>(std::move(database_), must(server_->open(*wakeups_, *metrics_, clock)));
  database_ = checking_tenants(std::move(database_));
}

void TestDatabase::open() {
  if (kind_ == Kind::server || kind_ == Kind::server_two) return open_on_server();
  auto const surroundings = sqlite::Surroundings{*clock_, *wakeups_};
  auto const on_file = [&](bool fast, bool checkpoints) {
    auto options = sqlite::Options{.path = (folder_ / "hoist.db").string(), .readers = 2};
    options.checkpoints = checkpoints;
    return must(sqlite::detail::open_database(std::move(options), surroundings, *metrics_,
                                              {.durable = !fast, .run_twice = fast}));
  };
  auto const of_feature = kind_ == Kind::inline_ || kind_ == Kind::fast;
  if (of_feature && over_memory_engine())
    database_ = must(sqlite::open_in_memory(surroundings, *metrics_));
  else if (kind_ == Kind::inline_)
    database_ = std::make_unique<InlineDatabase>(
        must(sqlite::Connection::open({.path = ":memory:", .durable = false})), surroundings);
  else
    database_ = on_file(kind_ == Kind::fast, true);
  must(sql::migrate(*database_, "sqlite"));
  if (kind_ == Kind::two) database_ = std::make_unique<InTurns>(std::move(database_), on_file(false, false));
  database_ = checking_tenants(std::move(database_));
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
