#include "engines/embedded/engine.hpp"

#include "base/log.hpp"
#include "base/try.hpp"
#include "engines/embedded/pages.hpp"

namespace hoist::embedded {
namespace {

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
      stored_{folder_.path("objects"), clock_, metrics} {}

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
          .wakeups = wakeups_,
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
  auto const reserve = options.free_bytes_min;
  return stored_.open(std::move(options), reserve, *database_, listeners);
}

Result<Stores> Engine::open_objects(Arrivals& arrivals, ObjectNotes& notes) {
  CHECK(open_files({.arrivals = &arrivals, .notes = &notes}));
  return stored_.stores(records());
}

Async<> Engine::accept_as_it_is(Deadline deadline) {
  CO_CHECK(co_await witness_->note(stored_.files(), deadline));
  in_use_.emplace(folder_);
  co_return Result<void>{};
}

std::vector<Job> Engine::jobs() {
  auto maintain_queue = [this]() -> Async<bool> {
    CO_CHECK(co_await queue_->maintain(soon()));
    CO_CHECK(co_await database_->write(Scope::system(), sql_engine::purge_idempotency, soon()));
    co_return false;
  };
  auto note = [this]() -> Async<bool> {
    CO_CHECK(co_await witness_->note(stored_.files(), soon()));
    co_return false;
  };
  return {stored_.measure(),
          {"queue", maintenance_interval, maintain_queue},
          {"witness", maintenance_interval, note},
          stored_.sweep()};
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
  tasks_.spawn(executor, [this]() -> asio::awaitable<void> { (void)co_await stored_.set_orphans_aside(); });
}

Async<> Engine::check_pages_behind() {
  log::info("the server did not come to its end; hoist.db is large and is checked while it runs");
  CO_TRY(auto const problems, co_await find_damage(*database_));
  for (auto const& problem : problems) log::error("hoist.db is damaged", {{"problem", problem}});
  if (!problems.empty()) damaged_ = !options_.accept_loss;
  co_return Result<void>{};
}

}  // namespace hoist::embedded
