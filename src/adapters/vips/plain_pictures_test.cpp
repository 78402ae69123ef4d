#include "adapters/vips/plain_pictures.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>

namespace hoist::vips {
namespace {

using Pixel = std::array<int, 3>;
using Pixels = std::vector<Pixel>;

constexpr auto black = Pixel{0, 0, 0};
constexpr auto red = Pixel{255, 0, 0};
constexpr auto green = Pixel{0, 255, 0};
constexpr auto blue = Pixel{0, 0, 255};
constexpr auto white = Pixel{255, 255, 255};

std::string little(std::int64_t value, int bytes) {
  auto text = std::string{};
  for (auto i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}
std::string big(std::int64_t value, int bytes) {
  auto const text = little(value, bytes);
  return {text.rbegin(), text.rend()};
}
std::string bytes(std::initializer_list<int> values) {
  auto text = std::string{};
  for (auto const value : values) text += static_cast<char>(value);
  return text;
}

struct Shape {
  int width = 2;
  int height = 2;  // negative: the rows come from above
  int bits = 24;
  int packing = 0;
};

// `between` stands behind the header: masks, and the palette.
std::string bmp(Shape shape, std::string const& between, std::string const& rows) {
  return "BM" + little(0, 8) + little(static_cast<std::int64_t>(54 + between.size()), 4) + little(40, 4) +
         little(shape.width, 4) + little(shape.height, 4) + little(1, 2) + little(shape.bits, 2) +
         little(shape.packing, 4) + std::string(20, '\0') + between + rows;
}
// Black, red, green, blue, white, and black again to its end.
std::string palette(std::size_t colours, std::size_t entry_bytes) {
  auto text = std::string{};
  for (auto const& [r, g, b] : {black, red, green, blue, white})
    text += bytes({b, g, r}) + std::string(entry_bytes - 3, '\0');
  text.resize(colours * entry_bytes);
  return text;
}

Pixels pixels_of(Result<Image> const& image) {
  auto pixels = Pixels{};
  if (!image) return pixels;
  auto size = std::size_t{0};
  auto* const memory = static_cast<unsigned char*>(vips_image_write_to_memory(image->get(), &size));
  for (auto i = std::size_t{0}; i + 2 < size; i += 3)
    pixels.push_back({memory[i], memory[i + 1], memory[i + 2]});
  g_free(memory);
  return pixels;
}

class PlainPictures : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_EQ(vips_init("plain pictures"), 0); }
  static Pixels shown(std::string const& file, bool lenient = false) {
    auto const psd = file.starts_with("8BPS");
    return pixels_of(psd ? small_psd(file, 100, lenient) : small_bmp(file, 100, lenient));
  }
};

auto const four_colours = Pixels{red, green, blue, white};

TEST_F(PlainPictures, ABmpOfEveryDepthHasItsColoursAndItsLastRowFirst) {
  auto const masks_565 = little(0xf800, 4) + little(0x7e0, 4) + little(0x1f, 4);
  struct Case {
    Shape shape;
    std::string between;
    std::string above;
    std::string below;
  };
  for (auto const& [shape, between, above, below] :
       {Case{{.bits = 4}, palette(16, 4), bytes({0x12, 0, 0, 0}), bytes({0x34, 0, 0, 0})},
        Case{{.bits = 8}, palette(256, 4), bytes({1, 2, 0, 0}), bytes({3, 4, 0, 0})},
        Case{{.bits = 16}, "", little(0x7c00, 2) + little(0x3e0, 2), little(0x1f, 2) + little(0x7fff, 2)},
        Case{{.bits = 16, .packing = 3},
             masks_565,
             little(0xf800, 2) + little(0x7e0, 2),
             little(0x1f, 2) + little(0xffff, 2)},
        Case{{.bits = 24}, "", bytes({0, 0, 255, 0, 255, 0, 0, 0}), bytes({255, 0, 0, 255, 255, 255, 0, 0})},
        Case{{.bits = 32},
             "",
             bytes({0, 0, 255, 0, 0, 255, 0, 0}),
             bytes({255, 0, 0, 0, 255, 255, 255, 0})}}) {
    auto const what = std::to_string(shape.bits) + " bits, packing " + std::to_string(shape.packing);
    EXPECT_EQ(shown(bmp(shape, between, below + above)), four_colours) << what;
    auto turned = shape;
    turned.height = -2;
    EXPECT_EQ(shown(bmp(turned, between, above + below)), four_colours) << what;
  }
}

TEST_F(PlainPictures, ABmpOfTheOldHeaderHasThreeBytesAColour) {
  auto const colours = palette(256, 3);
  auto const file = "BM" + little(0, 8) + little(static_cast<std::int64_t>(26 + colours.size()), 4) +
                    little(12, 4) + little(2, 2) + little(2, 2) + little(1, 2) + little(8, 2) + colours +
                    bytes({3, 4, 0, 0, 1, 2, 0, 0});
  EXPECT_EQ(shown(file), four_colours);
}

TEST_F(PlainPictures, ABmpPackedByLengthMayHoldPixelsThatAreNot) {
  // Five pixels that are not packed, to the end of the row; then five in two runs.
  auto const expected = Pixels{red, red, red, blue, blue, red, green, blue, white, black};
  EXPECT_EQ(shown(bmp({.width = 5, .bits = 4, .packing = 2}, palette(16, 4),
                      bytes({0, 5, 0x12, 0x34, 0, 0, 0, 0, 3, 0x11, 2, 0x33, 0, 1}))),
            expected);
  EXPECT_EQ(shown(bmp({.width = 5, .bits = 8, .packing = 1}, palette(256, 4),
                      bytes({0, 5, 1, 2, 3, 4, 0, 0, 0, 0, 3, 1, 2, 3, 0, 1}))),
            expected);
}

TEST_F(PlainPictures, ABmpPackedByLengthMayPassPixelsOver) {
  // From the second pixel of the lowest row to the third of the highest.
  EXPECT_EQ(shown(bmp({.width = 3, .bits = 8, .packing = 1}, palette(256, 4),
                      bytes({1, 1, 0, 2, 1, 1, 1, 4, 0, 1}))),
            (Pixels{black, black, white, red, black, black}));
}

TEST_F(PlainPictures, ABmpOfAnotherPackingIsNone) {
  auto const rows = bytes({1, 2, 0, 0, 3, 4, 0, 0});
  for (auto const& shape :
       {Shape{.bits = 4, .packing = 1}, Shape{.bits = 8, .packing = 2}, Shape{.bits = 24, .packing = 1},
        Shape{.bits = 8, .packing = 4}, Shape{.bits = 5}, Shape{.height = -2, .bits = 8, .packing = 1}})
    EXPECT_FALSE(bmp_size(bmp(shape, palette(256, 4), rows))) << shape.bits << " " << shape.packing;
}

TEST_F(PlainPictures, RowsThatAreMissingAreBlackWhereThatIsAllowed) {
  auto const file = bmp({.bits = 8}, palette(256, 4), bytes({3, 4, 0, 0}));
  EXPECT_FALSE(small_bmp(file, 100, false));
  EXPECT_EQ(shown(file, true), (Pixels{black, black, blue, white}));
}

TEST_F(PlainPictures, APsdOfEveryModeHasItsColours) {
  constexpr auto grey_mode = 1;
  constexpr auto indexed_mode = 2;
  constexpr auto rgb_mode = 3;
  constexpr auto cmyk_mode = 4;
  auto const psd = [](int mode, int channels, std::string const& colours, std::string const& planes) {
    return "8BPS" + big(1, 2) + std::string(6, '\0') + big(channels, 2) + big(2, 4) + big(2, 4) + big(8, 2) +
           big(mode, 2) + big(static_cast<std::int64_t>(colours.size()), 4) + colours + big(0, 4) +
           big(0, 4) + big(0, 2) + planes;
  };
  auto const red_plane = bytes({255, 0, 0, 255});
  auto const green_plane = bytes({0, 255, 0, 255});
  auto const blue_plane = bytes({0, 0, 255, 255});
  EXPECT_EQ(shown(psd(rgb_mode, 3, "", red_plane + green_plane + blue_plane)), four_colours);
  EXPECT_EQ(shown(psd(cmyk_mode, 4, "", red_plane + green_plane + blue_plane + std::string(4, '\xff'))),
            four_colours);
  EXPECT_EQ(shown(psd(grey_mode, 1, "", bytes({0, 255, 255, 0}))), (Pixels{black, white, white, black}));
  auto colours = std::string(768, '\0');
  for (auto i = std::size_t{0}; i < 4; ++i)
    for (auto band = std::size_t{0}; band < 3; ++band)
      colours[band * 256 + i] = static_cast<char>(four_colours[i][band]);
  EXPECT_EQ(shown(psd(indexed_mode, 1, colours, bytes({0, 1, 2, 3}))), four_colours);
  EXPECT_FALSE(psd_size(psd(9, 3, "", red_plane + green_plane + blue_plane))) << "Lab";
}

}  // namespace
}  // namespace hoist::vips
