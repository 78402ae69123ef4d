// How the embedded engine is opened, by mode.
#include <filesystem>

#include "adapters/memory/event_details.hpp"
#include "adapters/sql/event_details.hpp"
#include "adapters/sql/last_queue_time.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "engines/embedded/engine.hpp"
#include "engines/embedded/pages.hpp"
#include "engines/s3_credentials.hpp"
#include "sql/migrations.hpp"

namespace hoist::embedded {
namespace {

constexpr auto dialect = "sqlite";
constexpr auto details_cache_kib = 8'192;  // it appends; the rest is in the system's cache
// A second or two; a larger database is checked while the server runs.
constexpr auto pages_checked_at_start_bytes_max = std::uintmax_t{256} << 20;

Deadline start_deadline() {
  return deadline_in(std::chrono::seconds{30});
}

sqlite::Options options_of(DataFolder const& folder, std::string_view name, bool checkpoints) {
  auto options = sqlite::Options{};
  options.path = folder.path(name);
  options.checkpoints = checkpoints;
  if (!checkpoints) options.readers = 1;
  return options;
}

Result<void> must_hold(std::string const& data, std::string_view name) {
  if (std::filesystem::exists(data + "/" + std::string{name})) return {};
  return fail(Code::not_found,
              data + " holds no data of Hoist; start the server first, or name its folder with --data");
}

}  // namespace

Result<std::unique_ptr<Engine>> Engine::open(EngineOptions options, Mode mode, Metrics& metrics) {
  // Looked at first: opening would make the folder.
  if (mode != Mode::serve) CHECK(must_hold(options.data, mode == Mode::repair ? "objects" : "hoist.db"));
  TRY(auto folder, DataFolder::open(options.data));
  auto engine = std::unique_ptr<Engine>{new Engine{std::move(options), std::move(folder), metrics}};
  switch (mode) {
    case Mode::serve: CHECK(engine->open_to_serve()); break;
    case Mode::beside: CHECK(engine->open_beside()); break;
    case Mode::repair: CHECK(engine->open_to_repair()); break;
  }
  return engine;
}

// What is wrong is refused, or logged and accepted where the operator said so.
Result<void> Engine::judge(Witness::Problems const& problems) const {
  if (!options_.accept_loss) return refuse(problems, folder_);
  for (auto const& problem : problems) log::warn("accepted", {{"loss", problem}});
  return {};
}

Result<void> Engine::open_to_serve() {
  CHECK(folder_.lock());
  TRY(witness_, Witness::open(folder_));
  TRY(auto const before, witness_->look_at_files());
  CHECK(judge(before));
  TRY(credentials_, load_or_create_s3_credentials(secrets_, options_.region, options_.buckets.front()));
  CHECK(open_database(QueueClock::Role::leads, true));
  TRY(auto const opened, witness_->look_at("hoist.db", *database_));
  CHECK(judge(opened));
  CHECK(sql::migrate(*database_, dialect));
  CHECK(open_queue());
  CHECK(open_details(true));
  TRY(auto const details, witness_->look_at("details.db", *details_database_));
  CHECK(judge(details));
  CHECK(judge_pages());
  // On a full disk reading goes on, and the witness of before is as true as it was.
  auto const noted = run_to_end<void>([&] { return witness_->note(stored_.files(), start_deadline()); });
  if (!noted) log::warn("the witness could not be written", {{"cause", noted.error().to_string()}});
  in_use_.emplace(folder_);
  return {};
}

// After a crash. What a server that came to its end left behind was in order.
Result<void> Engine::judge_pages() {
  if (!witness_->unclean()) return {};
  auto ignored = std::error_code{};
  auto const size = std::filesystem::file_size(folder_.path("hoist.db"), ignored);
  check_pages_later_ = size > pages_checked_at_start_bytes_max;
  if (check_pages_later_) return {};
  TRY(auto pages, run_to_end<Witness::Problems>([&] { return find_damage(*database_); }));
  for (auto& page : pages) page.insert(0, "hoist.db is damaged: ");
  return judge(pages);
}

Result<void> Engine::open_beside() {
  CHECK(open_database(QueueClock::Role::follows, false));
  CHECK(sql::check_schema(*database_, dialect));
  CHECK(must_hold(options_.data, "details.db"));
  CHECK(open_queue());
  return open_details(false);
}

Result<void> Engine::open_to_repair() {
  CHECK(folder_.lock());
  TRY(auto const sound, is_sound(folder_.path("hoist.db")));
  if (!sound) {
    TRY(moved_away_, folder_.move_database_away("hoist.db", clock_.now()));
  }
  TRY(witness_, Witness::open(folder_));
  CHECK(open_database(QueueClock::Role::follows, true));
  CHECK(sql::migrate(*database_, dialect));
  CHECK(witness_->look_at("hoist.db", *database_));
  event_details_ = std::make_unique<memory::EventDetails>();
  return open_queue();
}

Result<void> Engine::open_database(QueueClock::Role role, bool checkpoints) {
  TRY(queue_clock_, QueueClock::open(folder_.path("clock"), role, clock_));
  TRY(database_, sqlite::open_database(options_of(folder_, "hoist.db", checkpoints),
                                       {*queue_clock_, wakeups_}, metrics_));
  return {};
}

Result<void> Engine::open_queue() {
  TRY(auto const last, sql_engine::last_queue_time(*database_));
  queue_clock_->not_before(last);
  queue_ = sql_engine::make_queue(*database_, wakeups_, metrics_);
  return {};
}

Result<void> Engine::open_details(bool checkpoints) {
  auto options = options_of(folder_, "details.db", checkpoints);
  options.writer_cache_kib = details_cache_kib;
  TRY(details_database_, sqlite::open_database(std::move(options), {*queue_clock_, wakeups_}, metrics_));
  TRY(event_details_, sql_engine::EventDetails::open(*details_database_));
  return {};
}

Result<std::int64_t> migrate(std::string const& data, Metrics& metrics) {
  CHECK(must_hold(data, "hoist.db"));
  TRY(auto folder, DataFolder::open(data));
  CHECK(folder.lock());
  TRY(auto const witness, Witness::open(folder));
  TRY(auto problems, witness->look_at_files());
  CHECK(refuse(problems, folder));
  // The database is closed in order afterwards, so what was to be looked at is looked at now.
  auto const clock = SystemClock{};
  auto wakeups = memory::Wakeups{};
  TRY(auto const database,
      sqlite::open_database(options_of(folder, "hoist.db", true), {clock, wakeups}, metrics));
  TRY(problems, witness->look_at("hoist.db", *database));
  CHECK(refuse(problems, folder));
  auto const use = Witness::Use{folder};
  return sql::migrate(*database, dialect);
}

}  // namespace hoist::embedded
