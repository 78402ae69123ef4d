// The engine that keeps nothing: rows in an SQLite of this process, objects and details of events in its
// memory, and keys, which operators' tools read, in a folder that ends with it. For trying things.
//
// Modes     serve only: there is nothing that a second process could open.
// Errors    conflict for another mode, and for a folder that holds something (scratch.hpp).
#pragma once

#include <memory>
#include <optional>

#include "adapters/memory/event_details.hpp"
#include "adapters/memory/objects.hpp"
#include "adapters/memory/queue.hpp"
#include "adapters/memory/rate_limiter.hpp"
#include "adapters/memory/wakeups.hpp"
#include "adapters/sql/audit.hpp"
#include "adapters/sql/event_index.hpp"
#include "adapters/sql/idempotency.hpp"
#include "assembly/engine.hpp"
#include "base/metrics.hpp"
#include "base/steady_clock.hpp"
#include "engines/memory/scratch.hpp"
#include "engines/memory/settings.hpp"
#include "engines/secret_files.hpp"

namespace hoist::memory {

class Engine final : public hoist::Engine {
 public:
  static Result<std::unique_ptr<Engine>> open(EngineOptions options, Settings const& settings, Mode mode,
                                              Metrics& metrics);

  Records records() override;
  Result<Stores> open_objects(Arrivals& arrivals, ObjectNotes& notes) override;
  [[nodiscard]] S3Credentials const& s3_credentials() const override { return credentials_; }
  std::vector<Job> jobs() override;
  std::vector<Check> checks() override { return {}; }
  [[nodiscard]] std::optional<StorageSpace> space() const override;
  [[nodiscard]] bool is_new() const override { return true; }
  [[nodiscard]] std::string_view durability() const override { return "none"; }
  [[nodiscard]] std::string path(std::string_view name) const override { return scratch_->path(name); }

 private:
  Engine(EngineOptions options, Settings const& settings, std::unique_ptr<Scratch> scratch)
      : options_{std::move(options)}, settings_{settings}, scratch_{std::move(scratch)} {}
  Result<void> open_records(Metrics& metrics);

  EngineOptions options_;
  Settings settings_;
  std::unique_ptr<Scratch> scratch_;
  SystemClock clock_;
  SteadyClock queue_clock_{clock_};
  SecretFiles secrets_{scratch_->folder()};
  S3Credentials credentials_;
  Wakeups wakeups_;
  std::unique_ptr<sql::Database> database_;
  std::optional<MemoryQueue> queue_;  // not in `database_`, as the queues of cloud providers are not
  RateLimiter limiter_;
  sql_engine::SqlIdempotency idempotency_;
  sql_engine::AuditLog audit_;
  sql_engine::EventIndex event_index_;
  EventDetails event_details_;
  std::optional<Objects> objects_;
};

}  // namespace hoist::memory
