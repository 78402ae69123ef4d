// What cameras write before developing: sensor data with a JPEG of the photo inside, which is what every
// viewer shows first. TIFF files (DNG, CR2, NEF, ARW and their like) and makers' own: CR3, RAF, RW2, ORF.
// Source   TIFF 6.0; TIFF/EP (ISO 12234-2); Adobe DNG 1.6; ISO 14496-12 for CR3.
#pragma once

#include <optional>
#include <string_view>

namespace hoist::vips {

struct RawPhoto {
  std::string_view type;    // "image/x-adobe-dng", ...
  std::string_view jpeg;    // the largest inside; empty when there is none
  std::string_view tables;  // a TIFF that tells of camera, time and place; empty: the JPEG inside does
  int width = 0;            // of the sensor data, before orientation
  int height = 0;
  int orientation = 1;
};

// Nothing when `file` is no TIFF of sensor data.
[[nodiscard]] std::optional<RawPhoto> find_tiff_photo(std::string_view file);
// By its first bytes; empty when it is none of the makers' own formats.
[[nodiscard]] std::string_view maker_raw_type(std::string_view file);
// Either kind.
[[nodiscard]] std::optional<RawPhoto> find_raw_photo(std::string_view file);

}  // namespace hoist::vips
