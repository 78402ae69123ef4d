#include "engines/postgres/engine.hpp"

#include <fmt/format.h>

#include "adapters/postgres/database.hpp"
#include "adapters/postgres/dialect.hpp"
#include "adapters/postgres/schema.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "engines/object_rows.hpp"
#include "engines/postgres/every_row.hpp"
#include "engines/postgres/processes.hpp"
#include "engines/s3_credentials.hpp"
#include "sql/migrations.hpp"

namespace hoist::postgres {
namespace {

constexpr auto start_time_max = std::chrono::seconds{30};
constexpr auto maintenance_interval = std::chrono::minutes{1};
constexpr auto maintenance_time_max = std::chrono::seconds{60};
// Another process may read what this one gives up, and no process knows of the other's readers.
constexpr auto garbage_age = std::chrono::hours{1};

}  // namespace

Engine::Engine(EngineOptions options, Settings const& settings, DataFolder folder, DataFolder place,
               Metrics& metrics)
    : options_{std::move(options)},
      settings_{settings},
      folder_{std::move(folder)},
      place_{std::move(place)},
      metrics_{metrics},
      stored_{folder_.path("objects"), clock_, metrics} {}

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, Settings const& settings, Mode mode,
                                             Metrics& metrics) {
  if (mode == Mode::repair)
    return fail(Code::conflict, "the rows are in PostgreSQL, whose own tools mend them");
  TRY(auto folder, DataFolder::open(options.data));
  TRY(auto place, take_place(folder));
  auto engine = std::unique_ptr<Engine>{
      new Engine{std::move(options), settings, std::move(folder), std::move(place), metrics}};
  CHECK(engine->open_database(mode));
  return engine;
}

Result<void> Engine::open_database(Mode mode) {
  if (mode == Mode::serve) {
    TRY(starting_, begin_start(folder_));
    if (!settings_.owner_url.empty()) CHECK(migrate(settings_, metrics_));
  }
  CHECK(check_secured(settings_.url));
  auto options = Options{.url = settings_.url, .pooled = settings_.pooled};
  options.writers = std::max<std::size_t>(1, settings_.connections / 2);
  options.readers = std::max<std::size_t>(1, settings_.connections - options.writers);
  wakeups_ = std::make_unique<Listener>(wakeups_here_, settings_.url, !settings_.pooled);
  TRY(database_, postgres::open_database(std::move(options), {*wakeups_, metrics_, &server_clock_}));
  CHECK(sql::check_schema(*database_, dialect));
  queue_ = sql_engine::make_queue(*database_, *wakeups_, metrics_);
  event_details_ = std::make_unique<sql_engine::EventDetails>(*database_);
  if (mode != Mode::serve) return {};
  CHECK(check_folder());
  TRY(credentials_, load_or_create_s3_credentials(secrets_, options_.region, options_.buckets.front()));
  leadership_ = std::make_unique<Leadership>(settings_.url);
  return {};
}

// A folder without keys is new. Beside rows of objects it is the wrong one, or one that is not mounted: files
// that it takes would be missing where the other processes look.
Result<void> Engine::check_folder() {
  auto const keys = secrets_.read(s3_credentials_secret);
  if (keys || keys.error().code() != Code::not_found || options_.accept_loss) return {};
  TRY(auto const in_use, has_object_rows(*database_, deadline_in(start_time_max)));
  if (!in_use) return {};
  return fail(
      Code::corrupt,
      fmt::format("the database has objects, and {} holds neither them nor their keys: all processes "
                  "share one data folder, so it is another or is not mounted. Nothing was changed. To "
                  "go on without what is lost: hoist serve --accept-loss",
                  folder_.path("")));
}

Records Engine::records() {
  return {.database = *database_,
          .queues = *queue_,
          .outbox = *queue_,
          .consumer = *queue_,
          .joint = queue_.get(),
          .dead_letters = *queue_,
          .event_index = event_index_,
          .event_details = *event_details_,
          .audit = audit_,
          .audit_trail = audit_,
          .journal = &stored_.journal(),
          .idempotency = idempotency_,
          .wakeups = *wakeups_,
          .limiter = limiter_,
          .secrets = secrets_,
          .cursor_secret = credentials_.signer.secret_access_key,
          .clock = clock_};
}

Result<disk::Objects*> Engine::files() {
  if (stored_.objects() != nullptr) return stored_.objects();
  return open_files({});
}

Result<disk::Objects*> Engine::open_files(disk::Listeners listeners) {
  auto options = disk::Options{};
  options.root = folder_.path("objects");
  options.buckets = options_.buckets;
  options.garbage_age = garbage_age;
  auto const reserve = options.free_bytes_min;
  return stored_.open(std::move(options), reserve, *database_, listeners);
}

Result<Stores> Engine::open_objects(Arrivals& arrivals, ObjectNotes& notes) {
  CHECK(open_files({.arrivals = &arrivals, .notes = &notes}));
  return stored_.stores(records());
}

// What two processes must not use at once is the process's own.
std::string Engine::path(std::string_view name) const {
  return name == "clamd" || name == "spool" ? place_.path(name) : folder_.path(name);
}

std::vector<Job> Engine::jobs() {
  auto maintain_queue = [this]() -> Async<bool> {
    auto const deadline = deadline_in(maintenance_time_max);
    if (!leads()) co_return false;
    CO_CHECK(co_await queue_->maintain(deadline));
    CO_CHECK(co_await database_->write(Scope::system(), sql_engine::purge_idempotency, deadline));
    co_return false;
  };
  auto sweep = stored_.sweep();
  sweep.run = [this, run = std::move(sweep.run)]() mutable -> Async<bool> {
    if (!leads()) co_return false;
    co_return co_await run();
  };
  return {stored_.measure(), {"queue", maintenance_interval, maintain_queue}, std::move(sweep)};
}

std::vector<Check> Engine::checks() {
  auto look = [this]() -> Async<std::vector<std::string>> {
    auto const secured = check_secured(settings_.url);
    co_return secured ? std::vector<std::string>{} : std::vector{secured.error().detail()};
  };
  return {{"database", look}, {"tables", [this] { return read_every_row(*database_); }}};
}

void Engine::start(asio::any_io_executor executor) {
  starting_ = Fd{};
  if (options_.accept_loss || !leads()) return;
  tasks_.spawn(executor, [this]() -> asio::awaitable<void> { (void)co_await stored_.set_orphans_aside(); });
}

}  // namespace hoist::postgres
