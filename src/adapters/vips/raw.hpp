// What cameras write before developing: TIFF files of sensor data with a JPEG of the photo inside, which
// is what every viewer shows first. DNG, CR2, NEF, ARW and their like.
// Source   TIFF 6.0; TIFF/EP (ISO 12234-2); Adobe DNG 1.6.
#pragma once

#include <optional>
#include <string_view>

namespace hoist::vips {

struct RawPhoto {
  std::string_view type;  // "image/x-adobe-dng", ...
  std::string_view jpeg;  // the largest inside; empty when there is none
  int width = 0;          // of the sensor data, before orientation
  int height = 0;
  int orientation = 1;
};

// Nothing when `file` is no TIFF of sensor data.
[[nodiscard]] std::optional<RawPhoto> find_raw_photo(std::string_view file);

}  // namespace hoist::vips
