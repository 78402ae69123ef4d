// Makes a picture small while its rows come in: whole squares of pixels become one, their mean.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "adapters/vips/image.hpp"

namespace hoist::vips {

class RowShrinker {
 public:
  static constexpr auto bands = std::size_t{3};

  // The result has a longest edge of `edge` to twice that, or the picture's own when that is less.
  RowShrinker(int width, int height, int edge)
      : factor_{static_cast<std::size_t>(std::max(1, std::max(width, height) / edge))},
        columns_{(static_cast<std::size_t>(width) + factor_ - 1) / factor_},
        width_{static_cast<std::size_t>(width)},
        height_{static_cast<std::size_t>(height)},
        sums_(columns_ * bands) {}

  // The next row from above: red, green, blue for each pixel.
  void add(std::span<std::uint8_t const> row) {
    for (auto x = std::size_t{0}; x < width_; ++x)
      for (auto band = std::size_t{0}; band < bands; ++band)
        sums_[x / factor_ * bands + band] += row[x * bands + band];
    ++rows_;
    if (rows_ % factor_ != 0 && rows_ != height_) return;
    auto const rows = (rows_ - 1) % factor_ + 1;
    for (auto i = std::size_t{0}; i < sums_.size(); ++i) {
      auto const columns = std::min(factor_, width_ - i / bands * factor_);
      pixels_.push_back(static_cast<std::uint8_t>(sums_[i] / (rows * columns)));
      sums_[i] = 0;
    }
  }

  // After the last row.
  [[nodiscard]] Result<Image> picture() const {
    auto const rows = pixels_.size() / (columns_ * bands);
    auto* const memory =
        vips_image_new_from_memory_copy(pixels_.data(), pixels_.size(), static_cast<int>(columns_),
                                        static_cast<int>(rows), static_cast<int>(bands), VIPS_FORMAT_UCHAR);
    if (memory == nullptr) return decoder_says();
    auto const image = Image{memory};
    VipsImage* out = nullptr;
    if (vips_copy(image.get(), &out, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr) != 0)
      return decoder_says();
    return Image{out};
  }

 private:
  std::size_t factor_;
  std::size_t columns_;
  std::size_t width_;
  std::size_t height_;
  std::size_t rows_ = 0;
  std::vector<std::uint64_t> sums_;
  std::vector<std::uint8_t> pixels_;
};

}  // namespace hoist::vips
