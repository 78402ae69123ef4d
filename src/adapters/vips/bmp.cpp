#include <array>
#include <cstdint>
#include <span>
#include <utility>

#include "adapters/vips/limits.hpp"
#include "adapters/vips/plain_pictures.hpp"
#include "adapters/vips/row_shrinker.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

using Colour = std::array<std::uint8_t, 3>;

constexpr auto file_header_bytes = std::size_t{14};
constexpr auto old_header_bytes = std::size_t{12};
constexpr auto info_header_bytes = std::size_t{40};
constexpr auto green_of_565 = 0x7e0U;
constexpr auto missing_max = std::size_t{64};  // times of what is there: beyond it there is nothing to show

std::uint32_t number(std::string_view file, std::size_t at, std::size_t length) {
  auto value = std::uint32_t{0};
  for (auto i = length; i-- > 0;) value = value << 8 | static_cast<unsigned char>(file[at + i]);
  return value;
}

struct Bmp {
  std::string_view file;
  int width = 0;
  int height = 0;
  bool from_above = false;
  unsigned bits = 0;  // of a pixel
  bool six_green = false;
  bool runs = false;  // packed by length
  std::size_t stride = 0;
  std::size_t pixels_at = 0;
  std::vector<Colour> palette;
};

Colour colour_at(std::string_view file, std::size_t at) {
  return {static_cast<std::uint8_t>(file[at + 2]), static_cast<std::uint8_t>(file[at + 1]),
          static_cast<std::uint8_t>(file[at])};
}

void read_palette(Bmp& bmp, std::size_t at, std::size_t entry_bytes) {
  bmp.palette.resize(std::size_t{1} << bmp.bits);
  for (auto& colour : bmp.palette) {
    if (at + entry_bytes > bmp.file.size()) return;
    colour = colour_at(bmp.file, at);
    at += entry_bytes;
  }
}

Result<Bmp> read_bmp(std::string_view file) {
  if (file.size() < file_header_bytes + info_header_bytes) return no_picture("the header is too short");
  auto const header = std::size_t{number(file, 14, 4)};
  auto const old = header == old_header_bytes;
  if (!old && (header < info_header_bytes || header > 256)) return no_picture("the header makes no sense");
  auto bmp = Bmp{.file = file};
  auto const height =
      old ? std::int64_t{number(file, 20, 2)} : std::int64_t{static_cast<std::int32_t>(number(file, 22, 4))};
  bmp.width = static_cast<int>(old ? number(file, 18, 2) : number(file, 18, 4) & 0x7fffffff);
  bmp.from_above = height < 0;
  bmp.bits = number(file, old ? 24 : 28, 2);
  auto const packing = old ? 0U : number(file, 30, 4);
  auto const rows = height < 0 ? -height : height;
  if (bmp.width < 1 || rows < 1 || bmp.width > limits::edge_max || rows > limits::edge_max)
    return no_picture("the size makes no sense");
  bmp.height = static_cast<int>(rows);
  bmp.runs = (packing == 1 && bmp.bits == 8) || (packing == 2 && bmp.bits == 4);
  if (packing != 0 && packing != 3 && !bmp.runs) return no_picture("this packing is not supported");
  if (bmp.runs && bmp.from_above) return no_picture("this packing is not supported");
  auto const masks = packing == 3 && header == info_header_bytes ? std::size_t{12} : std::size_t{0};
  bmp.six_green = packing == 3 && number(file, file_header_bytes + 44, 4) == green_of_565;
  if (bmp.bits == 1 || bmp.bits == 4 || bmp.bits == 8)
    read_palette(bmp, file_header_bytes + header + masks, old ? 3 : 4);
  else if (bmp.bits != 16 && bmp.bits != 24 && bmp.bits != 32)
    return no_picture("this depth is not supported");
  bmp.stride = (static_cast<std::size_t>(bmp.width) * bmp.bits + 31) / 32 * 4;
  bmp.pixels_at = number(file, 10, 4);
  if (bmp.stride * static_cast<std::size_t>(rows) / missing_max > file.size())
    return no_picture("the file is too short");
  return bmp;
}

Colour pixel(Bmp const& bmp, std::string_view row, std::size_t x) {
  if (bmp.bits >= 24) return colour_at(row, x * bmp.bits / 8);
  if (bmp.bits == 16) {
    auto const value = number(row, x * 2, 2);
    auto const green = bmp.six_green ? (value >> 5 & 0x3f) * 255 / 63 : (value >> 5 & 0x1f) * 255 / 31;
    auto const red = value >> (bmp.six_green ? 11 : 10) & 0x1f;
    return {static_cast<std::uint8_t>(red * 255 / 31), static_cast<std::uint8_t>(green),
            static_cast<std::uint8_t>((value & 0x1f) * 255 / 31)};
  }
  auto const in_byte = 8 / bmp.bits;
  auto const byte = static_cast<unsigned char>(row[x / in_byte]);
  auto const index = byte >> (8 - bmp.bits * (x % in_byte + 1)) & ((1U << bmp.bits) - 1);
  return bmp.palette[index];
}

// Unpacks rows of numbers of colours, from below, as they come.
class RunReader {
 public:
  explicit RunReader(Bmp const& bmp)
      : packed_{bmp.file.substr(std::min(bmp.pixels_at, bmp.file.size()))}, nibbles_{bmp.bits == 4} {}

  // False: the data ends before the row does.
  bool read(std::span<std::uint8_t> row) {
    std::ranges::fill(row, std::uint8_t{0});
    if (passed_over_ > 0) return --passed_over_, true;
    auto x = std::exchange(indent_, 0);
    while (!over_) {
      if (packed_.size() < 2) return false;
      auto const count = take();
      auto const value = take();
      if (count > 0) {
        for (auto i = 0U; i < count; ++i) put(row, x++, value, i);
      } else if (value > 2) {
        if (!copy(row, x, value)) return false;
      } else if (value == 2) {
        if (packed_.size() < 2) return false;
        x += take();
        auto const up = take();
        if (up == 0) continue;
        passed_over_ = up - 1;
        indent_ = x;
        return true;
      } else {
        over_ = value == 1;
        return true;
      }
    }
    return true;
  }

 private:
  unsigned take() {
    auto const byte = static_cast<unsigned char>(packed_.front());
    packed_.remove_prefix(1);
    return byte;
  }
  void put(std::span<std::uint8_t> row, std::size_t x, unsigned value, unsigned index) const {
    auto const half = index % 2 == 0 ? value >> 4 : value & 0xf;
    if (x < row.size()) row[x] = static_cast<std::uint8_t>(nibbles_ ? half : value);
  }
  // Pixels that are not packed, filled up to two bytes.
  bool copy(std::span<std::uint8_t> row, std::size_t& x, unsigned count) {
    auto const bytes = nibbles_ ? (count + 1) / 2 : count;
    if (packed_.size() < bytes) return false;
    for (auto i = 0U; i < count; ++i)
      put(row, x++, static_cast<unsigned char>(packed_[nibbles_ ? i / 2 : i]), i);
    packed_.remove_prefix(std::min<std::size_t>(bytes + bytes % 2, packed_.size()));
    return true;
  }

  std::string_view packed_;
  bool nibbles_;
  bool over_ = false;
  unsigned passed_over_ = 0;  // rows
  std::size_t indent_ = 0;    // of the row after them
};

Result<Image> small_of_runs(Bmp const& bmp, int edge, bool lenient) {
  auto shrinker = RowShrinker{bmp.width, bmp.height, edge};
  auto runs = RunReader{bmp};
  auto numbers = std::vector<std::uint8_t>(static_cast<std::size_t>(bmp.width));
  auto row = std::vector<std::uint8_t>(numbers.size() * RowShrinker::bands);
  auto there = true;
  for (auto y = 0; y < bmp.height; ++y) {
    there = there && runs.read(numbers);
    if (!there && !lenient) return no_picture("the file is too short");
    for (auto x = std::size_t{0}; x < numbers.size(); ++x) {
      auto const colour = there ? bmp.palette[numbers[x]] : Colour{};
      std::ranges::copy(colour, row.begin() + static_cast<std::ptrdiff_t>(x * RowShrinker::bands));
    }
    shrinker.add(row);
  }
  TRY(auto const upside_down, shrinker.picture());
  VipsImage* out = nullptr;
  if (vips_flip(upside_down.get(), &out, VIPS_DIRECTION_VERTICAL, nullptr) != 0) return decoder_says();
  return Image{out};
}

}  // namespace

Result<PlainSize> bmp_size(std::string_view file) {
  TRY(auto const bmp, read_bmp(file));
  return PlainSize{bmp.width, bmp.height};
}

Result<Image> small_bmp(std::string_view file, int edge, bool lenient) {
  TRY(auto const bmp, read_bmp(file));
  if (bmp.runs) return small_of_runs(bmp, edge, lenient);
  auto shrinker = RowShrinker{bmp.width, bmp.height, edge};
  auto row = std::vector<std::uint8_t>(static_cast<std::size_t>(bmp.width) * RowShrinker::bands);
  for (auto y = 0; y < bmp.height; ++y) {
    auto const line = static_cast<std::size_t>(bmp.from_above ? y : bmp.height - 1 - y);
    auto const at = bmp.pixels_at + line * bmp.stride;
    auto const there = at <= file.size() && file.size() - at >= bmp.stride;
    if (!there && !lenient) return no_picture("the file is too short");
    for (auto x = std::size_t{0}; x < static_cast<std::size_t>(bmp.width); ++x) {
      auto const colour = there ? pixel(bmp, file.substr(at, bmp.stride), x) : Colour{};
      std::ranges::copy(colour, row.begin() + static_cast<std::ptrdiff_t>(x * RowShrinker::bands));
    }
    shrinker.add(row);
  }
  return shrinker.picture();
}

}  // namespace hoist::vips
