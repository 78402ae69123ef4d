// The data folder for commands that look at it or mend it beside a running server or without one.
#pragma once

#include <memory>

#include "adapters/disk/object_store.hpp"
#include "app/config.hpp"
#include "app/data_folder.hpp"
#include "base/metrics.hpp"
#include "base/pool.hpp"
#include "ports/database.hpp"
#include "ports/queue.hpp"

namespace hoist::app {

struct OpenData {
  explicit OpenData(DataFolder data) : folder{std::move(data)} {}
  DataFolder folder;
  SystemClock clock;
  Metrics metrics;
  std::unique_ptr<Pool> files;
  std::unique_ptr<Database> database;
  std::unique_ptr<Queue> queue;
  std::unique_ptr<disk::Objects> objects;
};

// Errors: not_found when there is no data in `path`.
[[nodiscard]] Result<std::unique_ptr<OpenData>> open_data(std::string const& path);

}  // namespace hoist::app
