// What operators set for the processing of files.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ports/queue_registry.hpp"

namespace hoist::processing {

struct Settings {
  std::size_t workers = 0;  // 0: one a core
  std::int64_t attempts_max = QueuePolicy{}.attempts_max;
};

}  // namespace hoist::processing
