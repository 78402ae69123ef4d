#include "app/open_data.hpp"

#include <filesystem>

#include "adapters/sql/queue.hpp"
#include "adapters/sqlite/database.hpp"
#include "app/witness.hpp"
#include "base/try.hpp"
#include "sql/migrations.hpp"

namespace hoist::app {
namespace {

constexpr auto check_time_max = std::chrono::hours{6};

std::unexpected<Error> no_data(std::string const& path) {
  return fail(Code::not_found, path + " holds no data of Hoist; name its folder with --data");
}

// Answers whether the file is a whole database; a missing one is, because it can be made.
Result<bool> is_sound(std::string const& file) {
  auto metrics = Metrics{};
  auto const opened = sqlite::open_database({.path = file, .readers = 1}, metrics);
  if (!opened && opened.error().code() == Code::corrupt) return false;
  if (!opened) return std::unexpected{opened.error()};
  auto sound = false;
  auto look = std::function<Async<>()>{[&]() -> Async<> {
    auto check = [&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const rows, tx.query("PRAGMA integrity_check(1)"));
      sound = rows.size() == 1 && rows[0].text(0) == "ok";
      return {};
    };
    co_return co_await (*opened)->read(system_scope(), check, deadline_in(check_time_max));
  }};
  auto const looked = run_to_end<void>(look);
  if (!looked && looked.error().code() != Code::corrupt) return std::unexpected{looked.error()};
  return looked && sound;
}

Result<void> open_database(OpenData& data, bool alone) {
  auto options = sqlite::Options{};
  options.path = data.folder.path("hoist.db");
  options.readers = 1;
  options.checkpoints = alone;  // a server may be running beside us
  TRY(data.database, sqlite::open_database(std::move(options), data.metrics));
  return {};
}

Result<void> open_the_rest(OpenData& data) {
  TRY(auto const last, sql_engine::last_queue_time(*data.database));
  TRY(data.queue_clock,
      QueueClock::open(data.folder.path("clock"), QueueClock::Role::follows, data.clock, last));
  data.queue = sql_engine::make_queue(*data.database, *data.queue_clock, data.metrics);
  data.files = std::make_unique<Pool>(Pool::Options{.name = "files", .threads = 2});
  auto disk_options = disk::Options{};
  disk_options.root = data.folder.path("objects");
  TRY(data.objects,
      disk::Objects::open(std::move(disk_options), *data.database, *data.files, data.clock, data.metrics));
  return {};
}

}  // namespace

Result<std::unique_ptr<OpenData>> open_data(std::string const& path) {
  if (!std::filesystem::exists(path + "/hoist.db")) return no_data(path);
  TRY(auto folder, DataFolder::open(path));
  auto data = std::make_unique<OpenData>(std::move(folder));
  CHECK(open_database(*data, false));
  CHECK(sql::check_schema(*data->database, "sqlite"));
  CHECK(open_the_rest(*data));
  return data;
}

Result<std::unique_ptr<OpenData>> open_to_recover(std::string const& path, std::string& moved_to) {
  if (!std::filesystem::exists(path + "/objects")) return no_data(path);
  TRY(auto folder, DataFolder::open(path));
  CHECK(folder.lock());
  auto data = std::make_unique<OpenData>(std::move(folder));
  TRY(auto const sound, is_sound(data->folder.path("hoist.db")));
  if (!sound) {
    TRY(moved_to, data->folder.move_database_away("hoist.db", data->clock.now()));
  }
  CHECK(open_database(*data, true));
  CHECK(sql::migrate(*data->database, "sqlite", data->clock.now()));
  CHECK(open_the_rest(*data));
  return data;
}

Result<std::int64_t> migrate_data(std::string const& path) {
  if (!std::filesystem::exists(path + "/hoist.db")) return no_data(path);
  TRY(auto folder, DataFolder::open(path));
  CHECK(folder.lock());
  auto data = OpenData{std::move(folder)};
  TRY(auto const witness, Witness::open(data.folder));
  TRY(auto problems, witness->look_at_files());
  CHECK(refuse(problems, data.folder));
  // The database is closed in order afterwards, so what was to be looked at is looked at now.
  CHECK(open_database(data, true));
  TRY(problems, witness->look_at("hoist.db", *data.database));
  CHECK(refuse(problems, data.folder));
  auto const use = std::make_unique<Witness::Use>(data.folder);
  return sql::migrate(*data.database, "sqlite", data.clock.now());
}

}  // namespace hoist::app
