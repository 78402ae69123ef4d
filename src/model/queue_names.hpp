// The queues there are: as features send to them, operators name them and messages carry them.
#pragma once

#include <array>

namespace hoist {

inline constexpr auto processing_queue = "processing";  // uploaded files
inline constexpr auto task_queue = "tasks";
inline constexpr auto queue_names = std::array{task_queue, processing_queue};

}  // namespace hoist
