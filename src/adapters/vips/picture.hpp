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

// Dimensions, EXIF and thumbnails of `bytes`, which has_picture(). `sizes` from large to small: all
// come from one decode. Errors: as ports/media.hpp, with the decoder's words as the cause.
[[nodiscard]] Result<MediaReport> read_picture(std::string_view bytes, std::string_view type,
                                               std::span<int const> sizes = limits::thumbnail_sizes);

}  // namespace hoist::vips
