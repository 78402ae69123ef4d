// The engine that keeps everything in one folder: rows in SQLite, objects in files, and in memory what one
// process may forget. See data_folder.hpp for the folder, witness.hpp for how a loss is noticed.
//
// Modes     serve: alone in the folder; refuses one that is not as it was left. beside: a second process,
//           which neither migrates nor checkpoints, and follows the server's clock of leases. repair: alone,
//           with a hoist.db that may be gone or damaged; the details of events stay untouched.
// Errors    not_found when a mode other than serve finds no data; conflict when the tables are of another
//           version, which is for `hoist serve` and `hoist migrate` to change; corrupt, saying what is lost;
//           unavailable when another server holds the folder.
#pragma once

#include <atomic>
#include <memory>
#include <optional>

#include "adapters/memory/rate_limiter.hpp"
#include "adapters/memory/wakeups.hpp"
#include "adapters/sql/audit.hpp"
#include "adapters/sql/event_index.hpp"
#include "adapters/sql/idempotency.hpp"
#include "adapters/sql/queue.hpp"
#include "assembly/engine.hpp"
#include "base/metrics.hpp"
#include "base/task_group.hpp"
#include "engines/data_folder.hpp"
#include "engines/embedded/queue_clock.hpp"
#include "engines/embedded/witness.hpp"
#include "engines/files/stored_objects.hpp"
#include "engines/secret_files.hpp"

namespace hoist::embedded {

class Engine final : public hoist::Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(EngineOptions options, Mode mode, Metrics& metrics);

  Records records() override;
  Result<Stores> open_objects(Arrivals& arrivals, ObjectNotes& notes) override;
  [[nodiscard]] S3Credentials const& s3_credentials() const override { return credentials_; }
  std::vector<Job> jobs() override;
  std::vector<Check> checks() override;
  void start(asio::any_io_executor executor) override;
  Async<bool> drain(Deadline deadline) override { return tasks_.drain(deadline); }
  [[nodiscard]] std::optional<StorageSpace> space() const override { return stored_.space(); }
  [[nodiscard]] bool damaged() const override { return damaged_; }
  [[nodiscard]] bool is_new() const override { return folder_.created(); }
  [[nodiscard]] std::string_view durability() const override { return "fsync"; }
  [[nodiscard]] std::string path(std::string_view name) const override { return folder_.path(name); }

  // For those who look at the files of this engine or mend them, in place of open_objects().
  Result<disk::Objects*> files();
  // With Mode::repair: the name under which a damaged hoist.db is kept; empty: it was whole.
  [[nodiscard]] std::string const& moved_away() const { return moved_away_; }
  // With Mode::repair: what is there now is what has to be there from now on.
  Async<> accept_as_it_is(Deadline deadline);

 private:
  Engine(EngineOptions options, DataFolder folder, Metrics& metrics);
  Result<void> open_to_serve();
  Result<void> open_beside();
  Result<void> open_to_repair();
  Result<void> open_details(bool checkpoints);
  Result<void> open_database(QueueClock::Role role, bool checkpoints);
  Result<void> open_queue();
  Result<disk::Objects*> open_files(disk::Listeners listeners);
  Result<void> judge(Witness::Problems const& problems) const;
  Result<void> judge_pages();
  Async<> check_pages_behind();

  EngineOptions options_;
  DataFolder folder_;
  Metrics& metrics_;
  SystemClock clock_;
  std::unique_ptr<Witness> witness_;  // before the databases, which are closed when it says so
  SecretFiles secrets_;
  S3Credentials credentials_;                // with Mode::serve
  std::unique_ptr<QueueClock> queue_clock_;  // a wall clock that is set redelivers nothing
  memory::Wakeups wakeups_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<sql::Database> details_database_;  // apart from the index: either may fail alone
  std::unique_ptr<sql_engine::Queue> queue_;
  memory::RateLimiter limiter_;
  sql_engine::SqlIdempotency idempotency_;
  sql_engine::AuditLog audit_;
  sql_engine::EventIndex event_index_;
  std::unique_ptr<EventDetails> event_details_;
  StoredObjects stored_;
  bool check_pages_later_ = false;
  std::atomic<bool> damaged_ = false;
  std::string moved_away_;
  TaskGroup tasks_;                     // of start()
  std::optional<Witness::Use> in_use_;  // ends before any database does
};

// Brings the tables up to this binary, with no server running. Answers how many migrations ran.
[[nodiscard]] Result<std::int64_t> migrate(std::string const& data, Metrics& metrics);

}  // namespace hoist::embedded
