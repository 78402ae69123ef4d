// The data folder for commands that look at it or mend it beside a running server or without one.
#pragma once

#include <memory>

#include "adapters/disk/object_store.hpp"
#include "app/config.hpp"
#include "app/data_folder.hpp"
#include "app/queue_clock.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "ports/queue.hpp"
#include "sql/database.hpp"

namespace hoist::app {

struct OpenData {
  explicit OpenData(DataFolder data) : folder{std::move(data)} {}
  DataFolder folder;
  SystemClock clock;
  Metrics metrics;
  std::unique_ptr<Pool> files;
  std::unique_ptr<sql::Database> database;
  std::unique_ptr<QueueClock> queue_clock;
  std::unique_ptr<Queue> queue;
  std::unique_ptr<disk::Objects> objects;
};

// Errors: not_found when there is no data in `path`; conflict when its tables are of another version, which
// is for `hoist serve` and `hoist migrate` to change.
[[nodiscard]] Result<std::unique_ptr<OpenData>> open_data(std::string const& path);
// The same for making lost rows again: alone in the folder, which may have no hoist.db. A damaged one is
// kept under another name, which `moved_to` then tells.
[[nodiscard]] Result<std::unique_ptr<OpenData>> open_to_recover(std::string const& path,
                                                                std::string& moved_to);

// Brings the tables up to this binary, with no server running. Answers how many migrations ran.
[[nodiscard]] Result<std::int64_t> migrate_data(std::string const& path);

}  // namespace hoist::app
