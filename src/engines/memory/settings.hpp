// What operators set for the memory engine alone.
#pragma once

#include <cstdint>

namespace hoist::memory {

struct Settings {
  std::int64_t objects_bytes_max = std::int64_t{1} << 30;  // of all objects together
};

}  // namespace hoist::memory
