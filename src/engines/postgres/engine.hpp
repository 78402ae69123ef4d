// The engine whose rows, queue and details of events are in PostgreSQL, and whose objects and keys are in a
// data folder that all its processes share. Any number of them serve and work at once.
//
// Modes     serve: checks that the tables are this binary's and that tenants are kept apart, after bringing
// them up
//           to date where it was told how to connect as their owner. beside: the same without changing
//           anything.
// Errors    conflict when the tables are of another version, or row-level security is not in force; conflict
// for
//           repair, which is the database's own tools' business; unavailable when the server is away.
#pragma once

#include <filesystem>
#include <memory>

#include "adapters/memory/rate_limiter.hpp"
#include "adapters/memory/wakeups.hpp"
#include "adapters/postgres/clock.hpp"
#include "adapters/postgres/leadership.hpp"
#include "adapters/postgres/listener.hpp"
#include "adapters/sql/audit.hpp"
#include "adapters/sql/event_details.hpp"
#include "adapters/sql/event_index.hpp"
#include "adapters/sql/idempotency.hpp"
#include "adapters/sql/queue.hpp"
#include "assembly/engine.hpp"
#include "base/fd.hpp"
#include "base/metrics.hpp"
#include "base/task_group.hpp"
#include "engines/data_folder.hpp"
#include "engines/files/stored_objects.hpp"
#include "engines/postgres/settings.hpp"
#include "engines/secret_files.hpp"

namespace hoist::postgres {

class Engine final : public hoist::Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(EngineOptions options, Settings const& settings, Mode mode,
                                              Metrics& metrics);

  Records records() override;
  Result<Stores> open_objects(Arrivals& arrivals, ObjectNotes& notes) override;
  [[nodiscard]] S3Credentials const& s3_credentials() const override { return credentials_; }
  std::vector<Job> jobs() override;
  std::vector<Check> checks() override;
  // The store of objects, for tools that look at its files. Those that change it keep no place in uploads.
  Result<disk::Objects*> files();
  void start(asio::any_io_executor executor) override;
  Async<bool> drain(Deadline deadline) override { return tasks_.drain(deadline); }
  [[nodiscard]] bool leads() const override { return leadership_ && leadership_->leads(); }
  [[nodiscard]] std::optional<StorageSpace> space() const override { return stored_.space(); }
  [[nodiscard]] bool is_new() const override { return is_new_; }
  [[nodiscard]] std::string_view durability() const override { return "fsync"; }
  [[nodiscard]] std::string path(std::string_view name) const override;

 private:
  Engine(EngineOptions options, Settings const& settings, DataFolder folder, DataFolder place,
         Metrics& metrics);
  Result<void> open_database(Mode mode);
  Result<void> check_folder();
  Result<disk::Objects*> open_files(disk::Listeners listeners);

  EngineOptions options_;
  Settings settings_;
  DataFolder folder_;
  DataFolder place_;  // of this process alone
  Fd starting_;       // until start(): no other process starts
  bool is_new_ = !std::filesystem::exists(folder_.path("cli.json"));
  Metrics& metrics_;
  SystemClock clock_;
  SecretFiles secrets_{folder_};
  S3Credentials credentials_;
  memory::Wakeups wakeups_here_;
  std::unique_ptr<Listener> wakeups_;
  ServerClock server_clock_;
  std::unique_ptr<sql::Database> database_;
  std::unique_ptr<sql_engine::Queue> queue_;
  memory::RateLimiter limiter_;
  sql_engine::SqlIdempotency idempotency_;
  sql_engine::AuditLog audit_;
  sql_engine::EventIndex event_index_;
  std::unique_ptr<EventDetails> event_details_;
  StoredObjects stored_;
  std::unique_ptr<Leadership> leadership_;  // with Mode::serve
  TaskGroup tasks_;
};

// The migrations that would run, such as "34 event_details". Changes nothing. Errors: conflict when the
// tables are of a newer version.
[[nodiscard]] Result<std::vector<std::string>> plan_migrations(Settings const& settings);
// Brings the tables up to this binary as their owner, beside whatever runs, one process at a time, and puts
// row-level security in force for the role of `url`. Answers how many migrations ran.
[[nodiscard]] Result<std::int64_t> migrate(Settings const& settings, Metrics& metrics);

}  // namespace hoist::postgres
