// What a camera wrote into a picture, read with libexif. Nothing in it is trusted: every value is
// checked for plausibility and left out when it is not.
// Source   CIPA DC-008 (EXIF 2.32).
#pragma once

#include <string_view>

#include "ports/media.hpp"

namespace hoist::vips {

// Fills captured_at, gps, camera and orientation of `report`. `blob` is an EXIF block, with or
// without its "Exif" header.
void read_exif(std::string_view blob, MediaReport& report);

}  // namespace hoist::vips
