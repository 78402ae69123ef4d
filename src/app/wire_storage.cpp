#include <thread>

#include "adapters/sql/migrations.hpp"
#include "adapters/sqlite/database.hpp"
#include "app/parts.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"

namespace hoist::app {
namespace {

constexpr std::size_t file_threads = 8;
constexpr std::size_t file_jobs_max = 4096;

uploads::Options upload_options(App::Parts const& parts) {
  auto const& config = parts.config;
  auto options = uploads::Options{};
  options.bucket = config.objects.bucket;
  options.quarantine_bucket = config.objects.quarantine_bucket;
  options.file_bytes_max = config.uploads.file_bytes_max;
  options.multipart_threshold_bytes = config.uploads.multipart_threshold_bytes;
  options.part_bytes = config.uploads.part_bytes;
  options.batch_files_max = static_cast<std::size_t>(config.uploads.batch_files_max);
  options.url_lifetime = std::chrono::seconds{config.uploads.url_lifetime_s};
  options.pending_deadline = std::chrono::seconds{config.uploads.pending_deadline_s};
  options.uploaded_deadline = std::chrono::seconds{config.uploads.processing_deadline_s};
  options.allow_unscanned = config.uploads.allow_unscanned;
  // Any secret that every start has and nobody else: derived, so that there is no other file to keep.
  options.cursor_key = hmac_sha256(parts.credentials.signer.secret_access_key, "list cursors");
  return options;
}

}  // namespace

std::vector<asio::any_io_executor> App::Parts::executors() const {
  auto all = std::vector<asio::any_io_executor>{};
  for (std::size_t i = 0; i < runtime->threads(); ++i) all.push_back(runtime->next_executor());
  return all;
}

Deadline start_deadline() {
  return deadline_in(std::chrono::seconds{30});
}

Result<void> wire_storage(App::Parts& parts) {
  auto const& config = parts.config;
  CHECK(parts.folder.lock());
  TRY(parts.credentials, parts.folder.s3_credentials(config.objects.region, config.objects.bucket));
  auto const cores = std::max(1U, std::thread::hardware_concurrency());
  parts.runtime = std::make_unique<Runtime>(config.server.threads > 0 ? config.server.threads : cores);
  parts.files = std::make_unique<Pool>(
      Pool::Options{.name = "files", .threads = file_threads, .queue_max = file_jobs_max});

  auto options = sqlite::Options{};
  options.path = parts.folder.path("hoist.db");
  TRY(parts.database, sqlite::open_database(std::move(options), parts.metrics));
  CHECK(sql::migrate(*parts.database, "sqlite", parts.clock.now()));
  TRY(auto const last, sql::last_queue_time(*parts.database));
  parts.queue_clock = std::make_unique<sql::SteadyClock>(parts.clock, last);
  parts.queue = sql::make_queue(*parts.database, *parts.queue_clock, parts.metrics);
  parts.idempotency = std::make_unique<sql::SqlIdempotency>(parts.clock);

  auto disk_options = disk::Options{};
  disk_options.root = parts.folder.path("objects");
  disk_options.buckets = {config.objects.bucket, config.objects.quarantine_bucket};
  TRY(parts.objects, disk::Objects::open(std::move(disk_options), *parts.database, *parts.files, parts.clock,
                                         parts.metrics));
  parts.upload_options = upload_options(parts);
  parts.listener = std::make_unique<uploads::ObjectListener>(*parts.queue, parts.broadcast, parts.stages,
                                                             parts.clock, parts.upload_options);
  parts.objects->set_events(*parts.listener);
  return {};
}

}  // namespace hoist::app
