// Measuring pictures and making small ones, with libvips. Runs in the sandbox.
// Threads  one.
#pragma once

#include <string_view>

#include "ports/media.hpp"

namespace hoist::vips {

// Loads libvips and blocks every loader but those of has_picture()'s types.
// Errors   internal: some other loader is still there.
[[nodiscard]] Result<void> start_pictures();

// Dimensions, EXIF and thumbnails of `bytes`, which has_picture(). Errors: as ports/media.hpp, with
// the decoder's words as the cause.
[[nodiscard]] Result<MediaReport> read_picture(std::string_view bytes, std::string_view type);

}  // namespace hoist::vips
