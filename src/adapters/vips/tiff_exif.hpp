// A TIFF is an EXIF block itself, but one of any size with its tables anywhere, while libexif reads
// 64 KiB. This makes a small block of the entries that read_exif() looks at.
// Source   TIFF 6.0 section 2; CIPA DC-008.
#pragma once

#include <string>
#include <string_view>

namespace hoist::vips {

// Empty when there is nothing or it makes no sense.
[[nodiscard]] std::string exif_of_tiff(std::string_view file);

}  // namespace hoist::vips
