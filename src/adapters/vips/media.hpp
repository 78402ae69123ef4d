// The Media port by a bounded set of sandboxed children, one file at a time in each.
//
// Threads  any. Each child is driven by one thread of a pool of its own.
// Promise  a child that crashes, hangs or lies costs the file it was working on its preview, nothing
//          else; it is replaced. The parent decodes nothing and believes nothing a child says.
// Errors   ports/media.hpp.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "adapters/vips/limits.hpp"
#include "base/metrics.hpp"
#include "ports/media.hpp"

namespace hoist::vips {

struct MediaOptions {
  // Starts media_child_main(); more arguments are appended.
  std::vector<std::string> child_command = {"/proc/self/exe", "media-child"};
  std::size_t children = 2;
  std::chrono::milliseconds wall_max = limits::wall_max;
  int jobs_per_child_max = limits::jobs_per_child_max;
};

// Starts one child and lets it prove its sandbox. Errors: unavailable, with the reason as cause.
[[nodiscard]] Result<std::unique_ptr<Media>> open_media(MediaOptions options, Metrics& metrics);

}  // namespace hoist::vips
