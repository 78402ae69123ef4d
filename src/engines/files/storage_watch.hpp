// How much the storage still takes: for /ready, the metrics, the log, and for grants, which are refused when
// what they promise could not be stored.
//
// Threads  any.
#pragma once

#include <atomic>

#include "adapters/disk/object_store.hpp"
#include "assembly/engine.hpp"
#include "base/metrics.hpp"

namespace hoist {

class StorageWatch {
 public:
  // `reserve` bytes are left for the databases.
  StorageWatch(disk::Objects const& objects, std::int64_t reserve, Metrics& metrics);
  [[nodiscard]] StorageSpace space() const { return {objects_.free_bytes(), reserve_}; }
  // Looks, and says in the log what has changed.
  void look();

 private:
  disk::Objects const& objects_;
  std::int64_t reserve_;
  Gauge free_;
  std::atomic<bool> full_{false};
};

}  // namespace hoist
