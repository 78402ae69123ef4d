// BMP and PSD, which no safe library here reads: rows of pixels, packed simply, made small while they
// are read. Of a PSD the picture that its program put beside the layers.
// Source   BITMAPINFOHEADER of Windows; Adobe Photoshop File Formats Specification, 2019.
// Threads  one.
#pragma once

#include <string_view>

#include "adapters/vips/image.hpp"

namespace hoist::vips {

struct PlainSize {
  int width = 0;
  int height = 0;
};

[[nodiscard]] Result<PlainSize> bmp_size(std::string_view file);
// Errors: invalid with a reason of slugs.hpp. With `lenient`, rows that are missing stay black.
[[nodiscard]] Result<Image> small_bmp(std::string_view file, int edge, bool lenient);

[[nodiscard]] Result<PlainSize> psd_size(std::string_view file);
[[nodiscard]] Result<Image> small_psd(std::string_view file, int edge, bool lenient);

}  // namespace hoist::vips
