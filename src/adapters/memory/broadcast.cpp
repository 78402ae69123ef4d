#include "adapters/memory/broadcast.hpp"

#include <algorithm>

#include "base/mutex.hpp"

namespace hoist::memory {

void Broadcast::notify(TenantId const& tenant) {
  auto signal = std::shared_ptr<Signal>{};
  {
    auto const lock = Lock{mutex_};
    auto const found = signals_.find(tenant);
    if (found != signals_.end()) signal = found->second.lock();
  }
  if (signal) signal->notify();
}

std::shared_ptr<Signal> Broadcast::watch(TenantId const& tenant) {
  auto const lock = Lock{mutex_};
  if (signals_.size() >= sweep_at_) {
    std::erase_if(signals_, [](auto const& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * signals_.size());
  }
  auto& known = signals_[tenant];
  auto signal = known.lock();
  if (!signal) known = signal = std::make_shared<Signal>();
  return signal;
}

}  // namespace hoist::memory
