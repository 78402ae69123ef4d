// Files of sensor data that are no TIFF, or one with a number of the maker's own in its first bytes.
#include <algorithm>
#include <array>
#include <utility>

#include "adapters/vips/embedded_jpeg.hpp"
#include "adapters/vips/raw.hpp"
#include "adapters/vips/tiff_tables.hpp"

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

constexpr auto canon = "image/x-canon-cr3"sv;
constexpr auto panasonic = "image/x-panasonic-rw2"sv;
constexpr auto olympus = "image/x-olympus-orf"sv;
constexpr auto fuji = "image/x-fuji-raf"sv;

constexpr auto beginnings = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"FUJIFILMCCD-RAW "sv, fuji},
    {"IIU\0"sv, panasonic},
    {"IIRO"sv, olympus},
    {"IIRS"sv, olympus},
    {"MMOR"sv, olympus},
});

// Canon's boxes of metadata stand at the beginning, each a TIFF of its own; the first is of the whole.
constexpr auto boxes_bytes_max = std::size_t{256} << 10;

std::string_view tables_of(std::string_view file, std::string_view type) {
  if (type == fuji) return {};
  if (type != canon) return file;
  auto const at = file.substr(0, boxes_bytes_max).find("CMT1");
  if (at == file.npos || at < 4) return {};
  auto const size = std::size_t{TiffNumbers{true}.read(file.substr(at - 4), 4)};
  auto const box = file.substr(at + 4, size < 8 ? 0 : size - 8);
  return box.size() >= 8 && (box.starts_with("II*\0"sv) || box.starts_with("MM\0*"sv)) ? box : ""sv;
}

struct Tag {
  unsigned width;
  unsigned height;
  unsigned left = 0;  // subtracted from the width; 0: there is none
  unsigned top = 0;
};
constexpr auto orientation_tag = 0x112U;

// As far as the tables say it.
void read_shape(RawPhoto& photo) {
  if (photo.tables.size() < 8) return;
  auto const numbers = TiffNumbers{photo.tables.starts_with("MM")};
  auto const tags = photo.type == panasonic ? Tag{7, 6, 5, 4} : Tag{0x100, 0x101};
  auto const table = read_table(photo.tables, numbers, numbers.read(photo.tables.substr(4), 4),
                                {tags.width, tags.height, tags.left, tags.top, orientation_tag});
  auto const number = [&](unsigned tag) {
    auto const found = std::ranges::find(table, tag, &TiffEntry::tag);
    if (tag == 0 || found == table.end() || (found->type != 3 && found->type != 4)) return 0;
    return static_cast<int>(numbers.read(found->value, found->type == 3 ? 2 : 4) & 0xffffff);
  };
  auto const width = number(tags.width) - number(tags.left);
  auto const height = number(tags.height) - number(tags.top);
  if (width > 0 && height > 0) {
    photo.width = width;
    photo.height = height;
  }
  auto const turned = number(orientation_tag);
  if (turned >= 1 && turned <= 8) photo.orientation = turned;
}

}  // namespace

std::string_view maker_raw_type(std::string_view file) {
  if (file.substr(0, 12).ends_with("ftypcrx ")) return canon;
  auto const* const known = std::ranges::find_if(
      beginnings, [&](auto const& beginning) { return file.starts_with(beginning.first); });
  return known == beginnings.end() ? std::string_view{} : known->second;
}

std::optional<RawPhoto> find_raw_photo(std::string_view file) {
  auto const type = maker_raw_type(file);
  if (type.empty()) return find_tiff_photo(file);
  auto const jpeg = largest_jpeg(file);
  auto photo = RawPhoto{.type = type, .jpeg = jpeg.bytes, .tables = tables_of(file, type)};
  photo.width = jpeg.width;
  photo.height = jpeg.height;
  read_shape(photo);
  return photo;
}

}  // namespace hoist::vips
