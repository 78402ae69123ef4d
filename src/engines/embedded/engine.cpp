#include "engines/embedded/engine.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "engines/embedded/pages.hpp"

namespace hoist::embedded {
namespace {

constexpr std::size_t file_threads = 8;
constexpr std::size_t file_jobs_max = 4096;
constexpr auto look_interval = std::chrono::seconds{2};
constexpr auto maintenance_interval = std::chrono::minutes{1};

Deadline soon() {
  return deadline_in(std::chrono::seconds{60});
}

}  // namespace

Engine::Engine(EngineOptions options, DataFolder folder, Metrics& metrics)
    : options_{std::move(options)},
      folder_{std::move(folder)},
      metrics_{metrics},
      secrets_{folder_},
      files_{Pool::Options{.name = "files", .threads = file_threads, .queue_max = file_jobs_max}} {}

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
          .idempotency = idempotency_,
          .wakeups = wakeups_,
          .limiter = limiter_,
          .secrets = secrets_,
          .cursor_secret = credentials_.signer.secret_access_key,
          .clock = clock_};
}

Result<disk::Objects*> Engine::files() {
  if (objects_) return objects_.get();
  return open_files({});
}

Result<disk::Objects*> Engine::open_files(disk::Listeners listeners) {
  HOIST_ASSERT(!objects_);  // who was not told at the beginning would miss what came before
  auto options = disk::Options{};
  options.root = folder_.path("objects");
  options.buckets = options_.buckets;
  auto const reserve = options.free_bytes_min;
  TRY(objects_, disk::Objects::open(std::move(options), *database_, files_, clock_, metrics_, listeners));
  storage_ = std::make_unique<StorageWatch>(*objects_, reserve, metrics_);
  return objects_.get();
}

Result<Stores> Engine::open_objects(Arrivals& arrivals, ObjectNotes& notes) {
  TRY(auto* const objects, open_files({.arrivals = &arrivals, .notes = &notes}));
  return Stores{records(), *objects, *objects, *objects, *objects};
}

Async<> Engine::accept_as_it_is(Deadline deadline) {
  CO_CHECK(co_await witness_->note(files_, deadline));
  in_use_.emplace(folder_);
  co_return Result<void>{};
}

std::vector<Job> Engine::jobs() {
  auto waiting = metrics_.gauge("hoist_pool_waiting", "Jobs waiting for a thread of the pool",
                                {{"pool", files_.options().name}});
  auto look = [this, waiting]() mutable -> Async<bool> {
    waiting.set(static_cast<double>(files_.waiting()));
    storage_->look();
    co_return false;
  };
  auto maintain_queue = [this]() -> Async<bool> {
    CO_CHECK(co_await queue_->maintain(soon()));
    CO_CHECK(co_await database_->write(Scope::system(), sql_engine::purge_idempotency, soon()));
    co_return false;
  };
  auto note = [this]() -> Async<bool> {
    CO_CHECK(co_await witness_->note(files_, soon()));
    co_return false;
  };
  auto sweep = [this]() -> Async<bool> {
    CO_CHECK(co_await objects_->sweep(clock_.now()));
    co_return false;
  };
  return {{"storage", look_interval, look},
          {"queue", maintenance_interval, maintain_queue},
          {"witness", maintenance_interval, note},
          {"objects", maintenance_interval, sweep}};
}

std::vector<Check> Engine::checks() {
  return {{"database", [this] { return find_every_damage(*database_); }}};
}

void Engine::start(asio::any_io_executor executor) {
  if (check_pages_later_)
    tasks_.spawn(executor, [this]() -> asio::awaitable<void> {
      if (auto const looked = co_await check_pages_behind(); !looked)
        log::warn("hoist.db could not be checked", {{"cause", looked.error().to_string()}});
    });
  if (options_.accept_loss) return;  // what the database no longer knows may be wanted
  tasks_.spawn(executor, [this]() -> asio::awaitable<void> { (void)co_await set_orphans_aside(); });
}

Async<> Engine::check_pages_behind() {
  log::info("the server did not come to its end; hoist.db is large and is checked while it runs");
  CO_TRY(auto const problems, co_await find_damage(*database_));
  for (auto const& problem : problems) log::error("hoist.db is damaged", {{"problem", problem}});
  if (!problems.empty()) damaged_ = !options_.accept_loss;
  co_return Result<void>{};
}

Async<> Engine::set_orphans_aside() {
  CO_TRY(auto const orphans, co_await objects_->set_orphans_aside(clock_.now()));
  if (orphans.set_aside > 0)
    log::info("files of unfinished uploads were moved to lost+found",
              {{"files", std::to_string(orphans.set_aside)}});
  if (orphans.left > 0)
    log::error(
        "the database does not know many of the stored files, so they were left alone; "
        "see hoist doctor --recover",
        {{"files", std::to_string(orphans.left)}});
  co_return Result<void>{};
}

}  // namespace hoist::embedded
