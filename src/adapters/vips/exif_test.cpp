#include "adapters/vips/exif.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "adapters/vips/tiff_exif.hpp"

namespace hoist::vips {
namespace {

// A little-endian EXIF block, entry by entry.
std::string u16(unsigned value) {
  return {static_cast<char>(value & 0xff), static_cast<char>(value >> 8 & 0xff)};
}
std::string u32(unsigned value) {
  return u16(value & 0xffff) + u16(value >> 16);
}

// IFD0 with orientation and a pointer to a GPS IFD: 19 deg 25.95 min S, 99 deg 7 min 0/0 W, 12.5 m below the
// sea, or above it.
std::string block(unsigned latitude_denominator, bool below = true) {
  auto const gps_at = 8U + 2 + 2 * 12 + 4;
  auto const data_at = gps_at + 2 + 6 * 12 + 4;
  auto ifd0 =
      u16(2) + u16(0x112) + u16(3) + u32(1) + u32(6) + u16(0x8825) + u16(4) + u32(1) + u32(gps_at) + u32(0);
  auto gps = u16(6) + u16(1) + u16(2) + u32(2) + std::string("S\0\0\0", 4) + u16(2) + u16(5) + u32(3) +
             u32(data_at) + u16(3) + u16(2) + u32(2) + std::string("W\0\0\0", 4) + u16(4) + u16(5) + u32(3) +
             u32(data_at + 24) + u16(5) + u16(1) + u32(1) + u32(below ? 1 : 0) + u16(6) + u16(5) + u32(1) +
             u32(data_at + 48) + u32(0);
  auto data = u32(19) + u32(latitude_denominator) + u32(2595) + u32(100) + u32(0) + u32(1) +  //
              u32(99) + u32(1) + u32(7) + u32(1) + u32(0) + u32(0) + u32(125) + u32(10);
  return "II*" + std::string(1, '\0') + u32(8) + ifd0 + gps + data;
}

TEST(Exif, ReadsPositionAndOrientation) {
  auto report = MediaReport{};
  read_exif(block(1), report);
  ASSERT_TRUE(report.gps);
  EXPECT_NEAR(report.gps->latitude, -19.4325, 1e-9);
  EXPECT_NEAR(report.gps->longitude, -99.116666667, 1e-8);
  EXPECT_EQ(report.gps->altitude, -12.5);
  EXPECT_EQ(report.orientation, 6);
}

TEST(Exif, AHeightIsAboveTheSeaUnlessItSaysOtherwise) {
  auto report = MediaReport{};
  read_exif(block(1, false), report);
  ASSERT_TRUE(report.gps);
  EXPECT_EQ(report.gps->altitude, 12.5);
}

TEST(Exif, APositionThatIsNoNumberIsLeftOut) {
  auto report = MediaReport{};
  read_exif(block(0), report);
  EXPECT_FALSE(report.gps);
  EXPECT_EQ(report.orientation, 6);
}

TEST(Exif, TablesAtTheEndOfALongTiffAreFound) {
  // The block of above with its first table moved behind a megabyte of pixels.
  auto file = block(1);
  auto const table = file.substr(8, 2 + 2 * 12 + 4);
  file += std::string(1 << 20, '\x7f');
  file.replace(4, 4, u32(static_cast<unsigned>(file.size())));
  file += table;
  auto const small = exif_of_tiff(file);
  EXPECT_LT(small.size(), 1000U);
  auto report = MediaReport{};
  read_exif(small, report);
  ASSERT_TRUE(report.gps);
  EXPECT_NEAR(report.gps->latitude, -19.4325, 1e-9);
  EXPECT_EQ(report.orientation, 6);
}

TEST(Exif, ATextWithControlCharactersIsNone) {
  for (auto c = '\x01'; c < ' '; ++c) {
    auto const block = "II*" + std::string(1, '\0') + u32(8) + u16(1) + u16(0x10f) + u16(2) + u32(4) + "Ab" +
                       std::string{c, '\0'} + u32(0);
    auto report = MediaReport{};
    read_exif(block, report);
    auto const is_space = c == '\t' || c == '\n' || c == '\r';  // which go with the blanks at the end
    EXPECT_EQ(report.camera_make, is_space ? "Ab" : "") << static_cast<int>(c);
  }
}

TEST(Exif, M7_DamagedBlocksGiveNothingAndNoCrash) {
  auto random = std::mt19937{7};
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = block(1);
    for (int flips = 0; flips < 1 + round % 8; ++flips)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (round % 3 == 0) bytes.resize(random() % bytes.size());
    auto report = MediaReport{};
    read_exif(round % 2 == 0 ? bytes : exif_of_tiff(bytes), report);
    if (report.gps) {
      EXPECT_LE(std::abs(report.gps->latitude), 90);
      EXPECT_LE(std::abs(report.gps->longitude), 180);
    }
  }
}

}  // namespace
}  // namespace hoist::vips
