// The Secrets port in memory.
#pragma once

#include <map>
#include <string>

#include "base/mutex.hpp"
#include "ports/secrets.hpp"

namespace hoist::memory {

class Secrets final : public hoist::Secrets {
 public:
  [[nodiscard]] Result<std::string> read(std::string_view name) const override;
  Result<void> replace(std::string_view name, std::string_view text) override;

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::string, std::less<>> texts_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::memory
