// Databases for tests: migrated, in a folder of their own that goes with them.
//
//   auto db = testing::fresh_database();
//   ... run_to_end<int>([&] { return db->write(tenant, work, deadline_in(5s)); }) ...
//
// In `fast` and `inline_` every write function runs twice, the first time in vain, as it does in
// production when another function of its batch has to be taken back.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <utility>

#include "base/metrics.hpp"
#include "sql/database.hpp"

namespace hoist::testing {

class TestDatabase {
 public:
  enum class Kind {
    file,    // as in production, on disk
    fast,    // threads as in production, commits not synced
    inline_  // in memory, everything runs on the calling thread before submit() returns
  };
  explicit TestDatabase(Kind kind);
  ~TestDatabase();
  TestDatabase(TestDatabase&&) noexcept = default;
  TestDatabase& operator=(TestDatabase&&) noexcept = default;

  [[nodiscard]] sql::Database& operator*() const { return *database_; }
  [[nodiscard]] sql::Database* operator->() const { return database_.get(); }
  [[nodiscard]] Metrics& metrics() const { return *metrics_; }
  [[nodiscard]] std::filesystem::path const& folder() const { return folder_; }
  // Closes and opens again, as a restart does. Not for inline_, whose data would be gone.
  void reopen();

 private:
  void open();

  Kind kind_;
  std::filesystem::path folder_;
  std::unique_ptr<Metrics> metrics_;
  std::unique_ptr<sql::Database> database_;
};

[[nodiscard]] inline TestDatabase fresh_database() {
  return TestDatabase{TestDatabase::Kind::file};
}
[[nodiscard]] inline TestDatabase fast_database() {
  return TestDatabase{TestDatabase::Kind::fast};
}
[[nodiscard]] inline TestDatabase inline_database() {
  return TestDatabase{TestDatabase::Kind::inline_};
}

// Runs `work` as one write (or read) and waits for it, outside any coroutine.
Result<void> write_now(sql::Database& database, std::function<Result<void>(sql::Transaction&)> work);
Result<void> read_now(sql::Database& database, std::function<Result<void>(sql::Transaction&)> work);

}  // namespace hoist::testing
