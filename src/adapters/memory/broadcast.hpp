// Broadcast inside one process.
#pragma once

#include <unordered_map>

#include "base/mutex.hpp"
#include "ports/broadcast.hpp"

namespace hoist::memory {

class Broadcast final : public hoist::Broadcast {
 public:
  void notify(TenantId const& tenant) override;
  std::shared_ptr<Signal> watch(TenantId const& tenant) override;

 private:
  Mutex mutex_;
  // Signals live as long as somebody watches; the map is swept when it has doubled.
  std::unordered_map<TenantId, std::weak_ptr<Signal>> signals_ HOIST_GUARDED_BY(mutex_);
  std::size_t sweep_at_ HOIST_GUARDED_BY(mutex_) = 64;
};

}  // namespace hoist::memory
