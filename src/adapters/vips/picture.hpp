// Measuring pictures and making small ones, with libvips. Runs in the sandbox.
// Threads  one.
#pragma once

#include <span>
#include <string_view>

#include "adapters/vips/limits.hpp"
#include "ports/media.hpp"

namespace hoist::vips {

// Loads libvips and blocks every loader but those of has_picture()'s types.
// Errors   internal: some other loader is still there.
[[nodiscard]] Result<void> start_pictures();

// Dimensions and EXIF of `bytes`, whose `type` has_picture(), as far as they can be read.
[[nodiscard]] MediaReport read_header(std::string_view bytes, std::string_view type);
// The same with thumbnails, all from one decode, `sizes` from large to small. The preview says when they
// are missing or show a part; its message are the decoder's words.
[[nodiscard]] MediaReport read_picture(std::string_view bytes, std::string_view type,
                                       std::span<int const> sizes = limits::thumbnail_sizes);

}  // namespace hoist::vips
