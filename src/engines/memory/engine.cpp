#include "engines/memory/engine.hpp"

#include "adapters/sqlite/database.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "engines/s3_credentials.hpp"
#include "sql/migrations.hpp"

namespace hoist::memory {
namespace {

constexpr auto maintenance_interval = std::chrono::minutes{1};
constexpr auto maintenance_time_max = std::chrono::seconds{60};

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, Settings const& settings, Mode mode,
                                             Metrics& metrics) {
  if (mode != Mode::serve)
    return fail(Code::conflict,
                "the memory engine keeps everything inside of its server, where no other process finds it");
  TRY(auto scratch, Scratch::open(options.data));
  auto engine = std::unique_ptr<Engine>{new Engine{std::move(options), settings, std::move(scratch)}};
  CHECK(engine->open_records(metrics));
  log::warn("THE MEMORY ENGINE KEEPS NOTHING: uploads, tasks and events end with this process");
  return engine;
}

Result<void> Engine::open_records(Metrics& metrics) {
  TRY(credentials_, load_or_create_s3_credentials(secrets_, options_.region, options_.buckets.front()));
  TRY(database_, sqlite::open_in_memory({queue_clock_, wakeups_}, metrics));
  CHECK(sql::migrate(*database_, "sqlite"));
  queue_.emplace(queue_clock_, *database_);
  return {};
}

Records Engine::records() {
  return {.database = *database_,
          .queues = *queue_,
          .outbox = *queue_,
          .consumer = *queue_,
          .joint = nullptr,
          .dead_letters = *queue_,
          .event_index = event_index_,
          .event_details = event_details_,
          .audit = audit_,
          .audit_trail = audit_,
          .journal = nullptr,
          .idempotency = idempotency_,
          .wakeups = wakeups_,
          .limiter = limiter_,
          .secrets = secrets_,
          .cursor_secret = credentials_.signer.secret_access_key,
          .clock = clock_};
}

// No notes are kept: nothing of this engine can be recovered.
Result<Stores> Engine::open_objects(Arrivals& arrivals, ObjectNotes&) {
  auto options = ObjectsOptions{};
  options.buckets = options_.buckets;
  options.bytes_max = settings_.objects_bytes_max;
  objects_.emplace(std::move(options), clock_, Listening{*database_, arrivals});
  return Stores{records(), *objects_, *objects_, &*objects_, {}};
}

std::vector<Job> Engine::jobs() {
  auto maintain = [this]() -> Async<bool> {
    auto const deadline = deadline_in(maintenance_time_max);
    CO_CHECK(co_await queue_->maintain(deadline));
    CO_CHECK(co_await database_->write(Scope::system(), sql_engine::purge_idempotency, deadline));
    co_return false;
  };
  return {{"queue", maintenance_interval, maintain}};
}

std::optional<StorageSpace> Engine::space() const {
  return StorageSpace{.free_bytes = settings_.objects_bytes_max - objects_->held_bytes()};
}

}  // namespace hoist::memory
