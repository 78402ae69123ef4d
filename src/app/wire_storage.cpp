#include <filesystem>
#include <thread>

#include "adapters/sqlite/database.hpp"
#include "app/parts.hpp"
#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "sql/migrations.hpp"

namespace hoist::app {
namespace {

constexpr std::size_t file_threads = 8;
constexpr std::size_t file_jobs_max = 4096;
// A second or two; a larger database is checked while the server runs.
constexpr auto pages_checked_at_start_bytes_max = std::uintmax_t{256} << 20;
constexpr auto check_time_max = std::chrono::hours{6};

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

// What is wrong is refused, or logged and accepted where the operator said so.
Result<void> judge(App::Parts const& parts, Witness::Problems const& problems) {
  if (!parts.accept_loss) return refuse(problems, parts.folder);
  for (auto const& problem : problems) log::warn("accepted", {{"loss", problem}});
  return {};
}

Async<Witness::Problems> check_pages(sql::Database& database) {
  auto problems = Witness::Problems{};
  auto check = [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const rows, tx.query("PRAGMA quick_check(5)"));
    problems.clear();
    for (auto const& row : rows)
      if (row.text(0) != "ok") problems.push_back("hoist.db is damaged: " + row.text(0));
    return {};
  };
  auto const looked = co_await database.read(system_scope(), check, deadline_in(check_time_max));
  if (!looked && looked.error().code() != Code::corrupt) co_return std::unexpected{looked.error()};
  if (!looked) problems.push_back("hoist.db is damaged: " + looked.error().to_string());
  co_return problems;
}

Result<void> wire_storage(App::Parts& parts) {
  auto const& config = parts.config;
  CHECK(parts.folder.lock());
  TRY(parts.witness, Witness::open(parts.folder));
  TRY(auto const before, parts.witness->look_at_files());
  CHECK(judge(parts, before));
  TRY(parts.credentials, parts.folder.s3_credentials(config.objects.region, config.objects.bucket));
  auto const cores = std::max(1U, std::thread::hardware_concurrency());
  parts.runtime = std::make_unique<Runtime>(config.server.threads > 0 ? config.server.threads : cores);
  parts.files = std::make_unique<Pool>(
      Pool::Options{.name = "files", .threads = file_threads, .queue_max = file_jobs_max});

  auto options = sqlite::Options{};
  options.path = parts.folder.path("hoist.db");
  TRY(parts.database, sqlite::open_database(std::move(options), parts.metrics));
  TRY(auto const opened, parts.witness->look_at("hoist.db", *parts.database));
  CHECK(judge(parts, opened));
  CHECK(sql::migrate(*parts.database, "sqlite", parts.clock.now()));
  TRY(auto const last, sql_engine::last_queue_time(*parts.database));
  TRY(parts.queue_clock,
      QueueClock::open(parts.folder.path("clock"), QueueClock::Role::leads, parts.clock, last));
  parts.queue = sql_engine::make_queue(*parts.database, *parts.queue_clock, parts.metrics);
  parts.idempotency = std::make_unique<sql_engine::SqlIdempotency>(parts.clock);

  auto disk_options = disk::Options{};
  disk_options.root = parts.folder.path("objects");
  disk_options.buckets = {config.objects.bucket, config.objects.quarantine_bucket};
  auto const reserve = disk_options.free_bytes_min;
  TRY(parts.objects, disk::Objects::open(std::move(disk_options), *parts.database, *parts.files, parts.clock,
                                         parts.metrics));
  parts.storage = std::make_unique<StorageWatch>(*parts.objects, reserve, parts.metrics);
  parts.operations.storage = [watch = parts.storage.get()] { return watch->describe(); };
  parts.upload_options = upload_options(parts);
  parts.upload_options.room = [watch = parts.storage.get()] { return watch->room(); };
  parts.listener = std::make_unique<uploads::ObjectListener>(*parts.queue, parts.broadcast, parts.stages,
                                                             parts.clock, parts.upload_options);
  parts.objects->set_events(*parts.listener);
  return {};
}

Result<void> wire_witness(App::Parts& parts) {
  auto& witness = *parts.witness;
  TRY(auto const details, witness.look_at("details.db", *parts.details_database));
  CHECK(judge(parts, details));
  auto ignored = std::error_code{};
  auto const size = std::filesystem::file_size(parts.folder.path("hoist.db"), ignored);
  parts.check_pages_later = witness.unclean() && size > pages_checked_at_start_bytes_max;
  if (witness.unclean() && !parts.check_pages_later) {
    TRY(auto const pages, run_to_end<Witness::Problems>([&] { return check_pages(*parts.database); }));
    CHECK(judge(parts, pages));
  }
  // On a full disk reading goes on, and the witness of before is as true as it was.
  auto const noted = run_to_end<void>([&] { return witness.note(*parts.files, start_deadline()); });
  if (!noted) log::warn("the witness could not be written", {{"cause", noted.error().to_string()}});
  parts.in_use.emplace(parts.folder);
  return {};
}

Async<> check_pages_behind(App::Parts& parts) {
  log::info("the server did not come to its end; hoist.db is large and is checked while it runs");
  CO_TRY(auto const problems, co_await check_pages(*parts.database));
  for (auto const& problem : problems) log::error("damage", {{"problem", problem}});
  if (!problems.empty()) parts.operations.damaged = !parts.accept_loss;
  co_return Result<void>{};
}

}  // namespace hoist::app
