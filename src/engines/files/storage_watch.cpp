#include "engines/files/storage_watch.hpp"

#include "base/log.hpp"

namespace hoist {

StorageWatch::StorageWatch(disk::Objects const& objects, std::int64_t reserve, Metrics& metrics)
    : objects_{objects},
      reserve_{reserve},
      free_{metrics.gauge("hoist_storage_free_bytes", "Free space of the file system that holds the files")} {
  metrics.gauge("hoist_storage_reserve_bytes", "Free space below which no bytes are taken")
      .set(static_cast<double>(reserve));
  look();
}

void StorageWatch::look() {
  auto const left = objects_.free_bytes();
  free_.set(static_cast<double>(left));
  auto const full = left <= reserve_;
  if (full == full_.exchange(full)) return;
  if (full)
    log::error("the storage is full: uploads are refused until there is space",
               {{"free_bytes", std::to_string(left)}, {"reserve_bytes", std::to_string(reserve_)}});
  else
    log::info("the storage has space again", {{"free_bytes", std::to_string(left)}});
}

}  // namespace hoist
