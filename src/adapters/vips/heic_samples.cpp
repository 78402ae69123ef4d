#include "adapters/vips/media_samples.hpp"

namespace hoist::vips::samples {
namespace {

constexpr auto tile_edge = 512;

std::string number(std::size_t value, int bytes) {
  auto text = std::string{};
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xff);
  return text;
}

std::string box(std::string_view type, std::string const& body) {
  return number(body.size() + 8, 4) + std::string{type} + body;
}

std::string full_box(std::string_view type, int version, std::string const& body) {
  return box(type, number(static_cast<std::size_t>(version), 1) + number(0, 3) + body);
}

// A box with its header, wherever in the file it is.
std::string find_box(std::string const& file, std::string_view type) {
  auto const at = file.find(type);
  if (at == std::string::npos || at < 4) return {};
  auto length = std::size_t{0};
  for (auto i = at - 4; i < at; ++i) length = length << 8 | static_cast<unsigned char>(file[i]);
  return file.substr(at - 4, length);
}

struct Parts {
  std::string codec;  // the hvcC box of a tile
  std::string tile;   // its coded bytes, which all tiles share
  std::string grid;
  std::size_t tiles = 0;
  std::size_t width = 0;
  std::size_t height = 0;
};

std::string item_entry(std::size_t id, std::string_view type) {
  return full_box("infe", 2, number(id, 2) + number(0, 2) + std::string{type} + std::string(1, '\0'));
}

std::string location(std::size_t id, std::size_t at, std::size_t length) {
  return number(id, 2) + number(0, 2) + number(1, 2) + number(at, 4) + number(length, 4);
}

std::string size_box(std::size_t width, std::size_t height) {
  return full_box("ispe", 0, number(width, 4) + number(height, 4));
}

// Everything before the data, which begins at `data_at`. Source: ISO/IEC 23008-12 section 6.6.2.3.
std::string head(Parts const& parts, std::size_t data_at) {
  auto const grid_id = parts.tiles + 1;
  auto items = number(grid_id, 2);
  auto locations = std::string("\x44\0", 2) + number(grid_id, 2);
  auto properties = number(grid_id, 4);
  auto tiles = number(grid_id, 2) + number(parts.tiles, 2);
  for (auto id = std::size_t{1}; id <= parts.tiles; ++id) {
    items += item_entry(id, "hvc1");
    locations += location(id, data_at, parts.tile.size());
    properties += number(id, 2) + std::string("\x02\x81\x02", 3);
    tiles += number(id, 2);
  }
  items += item_entry(grid_id, "grid");
  locations += location(grid_id, data_at + parts.tile.size(), parts.grid.size());
  properties += number(grid_id, 2) + std::string("\x01\x03", 2);
  auto const handler = full_box("hdlr", 0, number(0, 4) + "pict" + std::string(13, '\0'));
  auto const known =
      box("ipco", parts.codec + size_box(tile_edge, tile_edge) + size_box(parts.width, parts.height));
  return box("ftyp", "heic" + number(0, 4) + "mif1heic") +
         full_box("meta", 0,
                  handler + full_box("pitm", 0, number(grid_id, 2)) + full_box("iloc", 0, locations) +
                      full_box("iinf", 0, items) + full_box("iref", 0, box("dimg", tiles)) +
                      box("iprp", known + full_box("ipma", 0, properties)));
}

}  // namespace

std::string tiled_heic(int columns, int rows) {
  auto const one = picture(".heic[strip]", {.width = tile_edge, .height = tile_edge});
  if (one.empty()) return {};
  auto parts = Parts{.codec = find_box(one, "hvcC"), .tile = find_box(one, "mdat").substr(8)};
  parts.tiles = static_cast<std::size_t>(columns * rows);
  parts.width = static_cast<std::size_t>(columns * tile_edge);
  parts.height = static_cast<std::size_t>(rows * tile_edge);
  parts.grid = std::string("\0\x01", 2) + number(static_cast<std::size_t>(rows - 1), 1) +
               number(static_cast<std::size_t>(columns - 1), 1) + number(parts.width, 4) +
               number(parts.height, 4);
  auto const data_at = head(parts, 0).size() + 8;
  return head(parts, data_at) + box("mdat", parts.tile + parts.grid);
}

}  // namespace hoist::vips::samples
