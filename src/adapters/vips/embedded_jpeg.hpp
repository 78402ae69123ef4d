// The JPEG that cameras put into files of sensor data, found by its own structure: where it lies differs by
// maker and model, what it is does not.
// Source   ITU-T T.81, annex B.
#pragma once

#include <string_view>

namespace hoist::vips {

struct EmbeddedJpeg {
  std::string_view bytes;  // empty: there is none
  int width = 0;
  int height = 0;
};

// The one with the most pixels among those that a decoder of photos can read: baseline and progressive, not
// the lossless kind that sensor data is packed with. What lies inside another one is not looked at.
[[nodiscard]] EmbeddedJpeg largest_jpeg(std::string_view file);

}  // namespace hoist::vips
