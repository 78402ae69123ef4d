#include "engines/files/stored_objects.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist {
namespace {

constexpr std::size_t file_threads = 8;
constexpr std::size_t file_jobs_max = 4096;
constexpr auto look_interval = std::chrono::seconds{2};
constexpr auto sweep_interval = std::chrono::minutes{1};
constexpr auto shorten_interval = Micros{std::chrono::hours{1}};
// Longer than a file lies in lost+found, from where it may come back.
constexpr auto ends_kept = Micros{std::chrono::days{30}};

}  // namespace

StoredObjects::StoredObjects(std::string const& root, Clock const& clock, Metrics& metrics)
    : clock_{clock},
      metrics_{metrics},
      files_{Pool::Options{.name = "files", .threads = file_threads, .queue_max = file_jobs_max}},
      journal_{root + "/records.journal", files_} {}

Result<disk::Objects*> StoredObjects::open(disk::Options options, std::int64_t reserve,
                                           sql::Database& database, disk::Listeners listeners) {
  HOIST_ASSERT(!objects_);
  TRY(objects_, disk::Objects::open(std::move(options), database, files_, clock_, metrics_, listeners));
  storage_ = std::make_unique<StorageWatch>(*objects_, reserve, metrics_);
  return objects_.get();
}

Stores StoredObjects::stores(Records records) {
  return Stores{records, *objects_, *objects_, objects_.get(), {}};
}

Job StoredObjects::measure() {
  auto waiting = metrics_.gauge("hoist_pool_waiting", "Jobs waiting for a thread of the pool",
                                {{"pool", files_.options().name}});
  auto look = [this, waiting]() mutable -> Async<bool> {
    waiting.set(static_cast<double>(files_.waiting()));
    if (storage_) storage_->look();
    co_return false;
  };
  return {"storage", look_interval, look};
}

Job StoredObjects::sweep() {
  auto sweep = [this]() -> Async<bool> {
    if (!objects_) co_return false;
    auto const now = clock_.now();
    CO_CHECK(co_await objects_->sweep(now));
    if (shortened_at_ && now - *shortened_at_ < shorten_interval) co_return false;
    shortened_at_ = now;
    auto shorten = [this, now] { return journal_.shorten(now - ends_kept); };
    CO_CHECK(co_await run_blocking<std::int64_t>(files_, shorten));
    co_return false;
  };
  return {"objects", sweep_interval, sweep};
}

Async<> StoredObjects::set_orphans_aside() {
  if (!objects_) co_return Result<void>{};
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

}  // namespace hoist
