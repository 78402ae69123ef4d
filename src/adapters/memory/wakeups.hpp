// Wakeups inside one process.
#pragma once

#include <unordered_map>

#include "base/mutex.hpp"
#include "ports/wakeups.hpp"

namespace hoist::memory {

class Wakeups final : public hoist::Wakeups {
 public:
  void notify(Topic const& topic) override;
  std::shared_ptr<Signal> watch(Topic const& topic) override;

 private:
  Mutex mutex_;
  // Signals live as long as a watcher holds one; the map is swept when it has doubled.
  std::unordered_map<Topic, std::weak_ptr<Signal>> signals_ HOIST_GUARDED_BY(mutex_);
  std::size_t sweep_at_ HOIST_GUARDED_BY(mutex_) = 64;
};

}  // namespace hoist::memory
