// Pictures and documents for tests, good and hostile, made on the spot.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hoist::vips::samples {

struct Shape {
  int width = 640;
  int height = 480;
  int orientation = 1;
  bool position = false;  // GPS, camera and date
};
// `suffix` is libvips' name of the format: ".jpg", ".png", ".webp", ".gif", ".tif", ".heic". Empty
// when this machine's library cannot write it.
std::string picture(std::string_view suffix, Shape shape = {});
// As a camera writes it: sensor data of 6000 x 4000, to be turned to the right, with a JPEG inside.
std::string raw_photo(std::string_view maker, bool dng);
// What other makers write: ".cr2", ".cr3", ".raf", ".rw2" or ".orf"; each with the same JPEG inside. The size
// of the sensor is 6000 x 4000 but for RAF, which has that of its JPEG: 1600 x 1200.
std::string maker_photo(std::string_view kind);
// 640 x 200, the left half red, the right half blue.
std::string bmp_flag();
std::string bmp_runs(int bits);  // the same, packed by length with 4 or 8 bits a pixel
std::string psd_flag(bool packed);
std::string transparent_png();      // the left half is fully transparent black
std::string animation(int frames);  // GIF
std::string multipage_tiff(int pages);
std::string png_header(unsigned width, unsigned height);  // a PNG that promises this size
// A real PNG of edge x edge zeros in a few bytes; interlaced, it has to be decoded whole.
std::string png_bomb(unsigned edge, bool interlaced = false);
// As phones write it: one picture of many tiles of 512 x 512. Empty as for picture().
std::string tiled_heic(int columns, int rows);
std::string pdf(int pages, std::string_view extra = {});
std::string pdf_bomb();  // a page that draws for minutes, packed twice
bool has_text(std::string_view bytes, std::string_view text);

}  // namespace hoist::vips::samples
