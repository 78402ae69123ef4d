#include "adapters/memory/wakeups.hpp"

#include <algorithm>

namespace hoist::memory {

void Wakeups::notify(Topic const& topic) {
  auto signal = std::shared_ptr<Signal>{};
  {
    auto const lock = Lock{mutex_};
    auto const found = signals_.find(topic);
    if (found != signals_.end()) signal = found->second.lock();
  }
  if (signal) signal->notify();
}

std::shared_ptr<Signal> Wakeups::watch(Topic const& topic) {
  auto const lock = Lock{mutex_};
  if (signals_.size() >= sweep_at_) {
    std::erase_if(signals_, [](auto const& entry) { return entry.second.expired(); });
    sweep_at_ = std::max<std::size_t>(64, 2 * signals_.size());
  }
  auto& known = signals_[topic];
  auto signal = known.lock();
  if (!signal) known = signal = std::make_shared<Signal>();
  return signal;
}

}  // namespace hoist::memory
