// The page's files and the API description, compiled into the binary by tools/embed.py.
#pragma once

#include <span>
#include <string_view>

namespace hoist::hosts {

struct Asset {
  std::string_view path;  // "/index.html"
  std::string_view content_type;
  std::string_view etag;  // of the bytes, with its quotes
  std::string_view bytes;
  std::string_view gzipped;
};

[[nodiscard]] std::span<Asset const> all_assets();

}  // namespace hoist::hosts
