// Everything that an operator may ask of an installation: the checks of its engine and of every feature.
#pragma once

#include <vector>

#include "assembly/engine.hpp"
#include "base/metrics.hpp"

namespace hoist::hosts {

// `records` are those of the engine, but for what is kept elsewhere. What it is given outlives them.
[[nodiscard]] std::vector<Check> checks_of(Engine& engine, Records const& records, Metrics& metrics);

}  // namespace hoist::hosts
