// Databases for tests: migrated, in a folder of their own that goes with them.
//
//   auto db = testing::fresh_database();
//   ... run_to_end<int>([&] { return db->write(tenant, work, deadline_in(5s)); }) ...
//
// A transaction of one tenant's scope that names another tenant ends the program.
// In `fast` and `inline_` every write function runs twice, the first time in vain, as it does in
// production when another function of its batch has to be taken back. Both are the memory engine's database
// where a test stands on that (test_engine.hpp).
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "base/metrics.hpp"
#include "ports/wakeups.hpp"
#include "sql/database.hpp"

namespace hoist::testing {

// A fresh database on a server, gone with this.
class TestServer {
 public:
  virtual ~TestServer() = default;
  // `clock` answers Transaction::now(); null: the server's own.
  virtual Result<std::unique_ptr<sql::Database>> open(Wakeups& wakeups, Metrics& metrics,
                                                      Clock const* clock) = 0;
};
// How this program makes one; empty: it knows no server.
[[nodiscard]] std::function<std::unique_ptr<TestServer>()>& make_test_server();

class TestDatabase {
 public:
  enum class Kind {
    file,       // as in production, on disk
    two,        // the same twice over one file, as a second process opens it; asked in turns
    fast,       // threads as in production, commits not synced
    inline_,    // in memory, everything runs on the calling thread before submit() returns
    server,     // on a database server, in programs that know one: see make_test_server()
    server_two  // the same by two connections of their own, as two processes have; asked in turns
  };
  // `clock` answers Transaction::now() and outlives the database.
  explicit TestDatabase(Kind kind, Clock const& clock = system_clock());
  ~TestDatabase();
  TestDatabase(TestDatabase&&) noexcept = default;
  TestDatabase& operator=(TestDatabase&&) noexcept = default;

  [[nodiscard]] sql::Database& operator*() const { return *database_; }
  [[nodiscard]] sql::Database* operator->() const { return database_.get(); }
  // Told by Transaction::notify().
  [[nodiscard]] Wakeups& wakeups() const { return *wakeups_; }
  [[nodiscard]] Metrics& metrics() const { return *metrics_; }
  [[nodiscard]] std::filesystem::path const& folder() const { return folder_; }
  // Closes and opens again, as a restart does. Not for inline_, whose data would be gone.
  void reopen();

 private:
  static Clock const& system_clock();
  void open();
  void open_on_server();

  Kind kind_;
  Clock const* clock_;
  std::filesystem::path folder_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<Wakeups> wakeups_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<sql::Database> database_;
};

template <class... Clock>
[[nodiscard]] TestDatabase fresh_database(Clock const&... clock) {
  return TestDatabase{TestDatabase::Kind::file, clock...};
}
template <class... Clock>
[[nodiscard]] TestDatabase fast_database(Clock const&... clock) {
  return TestDatabase{TestDatabase::Kind::fast, clock...};
}
template <class... Clock>
[[nodiscard]] TestDatabase inline_database(Clock const&... clock) {
  return TestDatabase{TestDatabase::Kind::inline_, clock...};
}

// Runs `work` as one write (or read) and waits for it, outside any coroutine.
Result<void> write_now(sql::Database& database, std::function<Result<void>(sql::Transaction&)> work);
Result<void> read_now(sql::Database& database, std::function<Result<void>(sql::Transaction&)> work);

}  // namespace hoist::testing
