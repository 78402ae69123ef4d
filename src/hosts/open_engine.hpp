// The one place that names every engine.
#pragma once

#include <memory>

#include "assembly/engine.hpp"
#include "base/metrics.hpp"
#include "hosts/config.hpp"

namespace hoist::hosts {

// `accept_loss`: serve although the data is not as it was left.
[[nodiscard]] Result<std::unique_ptr<Engine>> open_engine(Config const& config, Mode mode, Metrics& metrics,
                                                          bool accept_loss = false);

}  // namespace hoist::hosts
