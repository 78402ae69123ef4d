#include "adapters/vips/media_samples.hpp"

namespace hoist::vips::samples {
namespace {

constexpr auto flag_width = 640;
constexpr auto flag_height = 200;

std::string little(std::size_t value, int bytes) {
  auto text = std::string{};
  for (int i = 0; i < bytes; ++i) text += static_cast<char>(value >> (8 * i) & 0xff);
  return text;
}

std::string big(std::size_t value, int bytes) {
  auto text = little(value, bytes);
  return {text.rbegin(), text.rend()};
}

std::string entry(unsigned tag, unsigned type, std::size_t count, std::size_t value) {
  return little(tag, 2) + little(type, 2) + little(count, 4) + little(value, 4);
}

constexpr auto entry_bytes = std::size_t{12};
constexpr auto table_bytes = [](std::size_t entries) { return 2 + entries * entry_bytes + 4; };

}  // namespace

std::string raw_photo(std::string_view maker, bool dng) {
  auto const jpeg = picture(".jpg", {.width = 1600, .height = 1200});
  auto const first_at = std::size_t{8};
  auto const sensor_at = first_at + table_bytes(dng ? 6 : 5);
  auto const jpeg_table_at = sensor_at + table_bytes(3);
  auto const maker_at = jpeg_table_at + table_bytes(2);
  auto const jpeg_at = maker_at + maker.size() + 1;
  auto first = little(dng ? 6 : 5, 2) + entry(0x100, 4, 1, 160) + entry(0x101, 4, 1, 120) +
               entry(0x10f, 2, maker.size() + 1, maker_at) + entry(0x112, 3, 1, 6) +
               entry(0x14a, 4, 1, sensor_at);
  if (dng) first += entry(0xc612, 1, 4, 0x401);
  auto const sensor =
      little(3, 2) + entry(0x100, 4, 1, 6000) + entry(0x101, 4, 1, 4000) + entry(0x106, 3, 1, 32803);
  auto const table = little(2, 2) + entry(0x201, 4, 1, jpeg_at) + entry(0x202, 4, 1, jpeg.size());
  return std::string("II*\0", 4) + little(first_at, 4) + first + little(jpeg_table_at, 4) + sensor +
         little(0, 4) + table + little(0, 4) + std::string{maker} + '\0' + jpeg;
}

std::string maker_photo(std::string_view kind) {
  auto const jpeg = picture(".jpg", {.width = 1600, .height = 1200});
  if (kind == ".raf") return "FUJIFILMCCD-RAW 0201" + std::string(140, '\0') + jpeg;
  if (kind == ".cr2") {
    auto photo = raw_photo("Canon", false);
    // Canon's mark stands where the first table would be, which moves behind everything.
    auto const table = photo.substr(8, table_bytes(5));
    photo.replace(8, 3, "CR\x02");
    photo.replace(4, 4, little(photo.size(), 4));
    return photo + table;
  }
  auto const panasonic = kind == ".rw2";
  auto const table = panasonic
                         ? little(4, 2) + entry(4, 3, 1, 10) + entry(5, 3, 1, 20) + entry(6, 3, 1, 4010) +
                               entry(7, 3, 1, 6020) + little(0, 4)
                         : little(2, 2) + entry(0x100, 4, 1, 6000) + entry(0x101, 4, 1, 4000) + little(0, 4);
  auto const begin = panasonic        ? std::string("IIU\0", 4)
                     : kind == ".orf" ? std::string{"IIRO"}
                                      : std::string("II*\0", 4);
  auto const tiff = begin + little(8, 4) + table;
  if (kind != ".cr3") return tiff + jpeg;
  auto const box = big(tiff.size() + 8, 4) + "CMT1" + tiff;
  return big(24, 4) + "ftypcrx " + big(1, 4) + "crx isom" + box + big(jpeg.size() + 8, 4) + "mdat" + jpeg;
}

std::string bmp_runs(int bits) {
  // Red is colour 1 and blue colour 2; of 4 bits two pixels share a byte.
  auto const red = bits == 4 ? '\x11' : '\x01';
  auto const blue = bits == 4 ? '\x22' : '\x02';
  auto rows = std::string{};
  for (int y = 0; y < flag_height; ++y) {
    for (auto const colour : {red, blue})
      for (int x = 0; x < flag_width / 2; x += 160) rows += std::string{'\xa0', colour};
    rows += std::string(2, '\0');
  }
  rows += std::string("\0\x01", 2);
  auto const colours = bits == 4 ? 16 : 256;
  auto palette = std::string(4, '\0') + std::string("\0\0\xff\0\xff\0\0\0", 8);
  palette.resize(static_cast<std::size_t>(colours) * 4);
  auto const pixels_at = 54 + palette.size();
  return "BM" + little(pixels_at + rows.size(), 4) + little(0, 4) + little(pixels_at, 4) + little(40, 4) +
         little(flag_width, 4) + little(flag_height, 4) + little(1, 2) +
         little(static_cast<std::size_t>(bits), 2) + little(bits == 4 ? 2 : 1, 4) + std::string(20, '\0') +
         palette + rows;
}

std::string bmp_flag() {
  auto rows = std::string{};
  for (int y = 0; y < flag_height; ++y)
    for (int x = 0; x < flag_width; ++x)
      rows += x < flag_width / 2 ? std::string("\0\0\xff", 3) : std::string("\xff\0\0", 3);
  return "BM" + little(54 + rows.size(), 4) + little(0, 4) + little(54, 4) + little(40, 4) +
         little(flag_width, 4) + little(flag_height, 4) + little(1, 2) + little(24, 2) +
         std::string(24, '\0') + rows;
}

std::string psd_flag(bool packed) {
  auto const row = [&](bool left, bool right) {
    if (!packed)
      return std::string(flag_width / 2, left ? '\xff' : '\0') +
             std::string(flag_width / 2, right ? '\xff' : '\0');
    auto runs = std::string{};
    // Runs of 64: 1 - 64 as a byte.
    for (int i = 0; i < flag_width / 64; ++i)
      runs += std::string{static_cast<char>(-63), (i < flag_width / 128 ? left : right) ? '\xff' : '\0'};
    return runs;
  };
  auto lengths = std::string{};
  auto rows = std::string{};
  for (auto const& [left, right] : {std::pair{true, false}, std::pair{false, false}, std::pair{false, true}})
    for (int y = 0; y < flag_height; ++y) {
      rows += row(left, right);
      if (packed) lengths += big(row(left, right).size(), 2);
    }
  return "8BPS" + big(1, 2) + std::string(6, '\0') + big(3, 2) + big(flag_height, 4) + big(flag_width, 4) +
         big(8, 2) + big(3, 2) + big(0, 4) + big(0, 4) + big(0, 4) + big(packed ? 1 : 0, 2) + lengths + rows;
}

}  // namespace hoist::vips::samples
