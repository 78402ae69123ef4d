#include "app/open_data.hpp"

#include <filesystem>

#include "adapters/sql/migrations.hpp"
#include "adapters/sql/queue.hpp"
#include "adapters/sqlite/database.hpp"
#include "base/try.hpp"

namespace hoist::app {

Result<std::unique_ptr<OpenData>> open_data(std::string const& path) {
  if (!std::filesystem::exists(path + "/hoist.db"))
    return fail(Code::not_found, path + " holds no data of Hoist; name its folder with --data");
  TRY(auto folder, DataFolder::open(path));
  auto data = std::make_unique<OpenData>(std::move(folder));
  auto options = sqlite::Options{};
  options.path = data->folder.path("hoist.db");
  options.readers = 1;
  options.checkpoints = false;  // a server may be running beside us
  TRY(data->database, sqlite::open_database(std::move(options), data->metrics));
  CHECK(sql::migrate(*data->database, "sqlite", data->clock.now()));
  data->queue = sql::make_queue(*data->database, data->clock, data->metrics);
  data->files = std::make_unique<Pool>(Pool::Options{.name = "files", .threads = 2});
  auto disk_options = disk::Options{};
  disk_options.root = data->folder.path("objects");
  TRY(data->objects, disk::Objects::open(std::move(disk_options), *data->database, *data->files, data->clock,
                                         data->metrics));
  return data;
}

}  // namespace hoist::app
