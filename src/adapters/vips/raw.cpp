#include "adapters/vips/raw.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "adapters/vips/tiff_tables.hpp"

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

constexpr auto tables_max = std::size_t{32};

enum Tag : unsigned {
  width_tag = 0x100,
  height_tag = 0x101,
  photometric_tag = 0x106,
  make_tag = 0x10f,
  strip_offsets_tag = 0x111,
  orientation_tag = 0x112,
  strip_lengths_tag = 0x117,
  inner_tables_tag = 0x14a,
  jpeg_offset_tag = 0x201,
  jpeg_length_tag = 0x202,
  dng_version_tag = 0xc612,
};
constexpr auto colour_filter_array = 32803U;
constexpr auto linear_raw = 34892U;

constexpr auto makers = std::array<std::pair<std::string_view, std::string_view>, 4>{{
    {"NIKON", "image/x-nikon-nef"},
    {"SONY", "image/x-sony-arw"},
    {"PENTAX", "image/x-pentax-pef"},
    {"SAMSUNG", "image/x-samsung-srw"},
}};

std::vector<std::uint32_t> numbers_of(TiffTable const& table, TiffNumbers numbers, unsigned tag) {
  auto values = std::vector<std::uint32_t>{};
  auto const found = std::ranges::find(table, tag, &TiffEntry::tag);
  if (found == table.end() || (found->type != 3 && found->type != 4 && found->type != 13)) return values;
  auto const each = found->type == 3 ? std::size_t{2} : std::size_t{4};
  for (auto at = std::size_t{0}; at + each <= found->value.size(); at += each)
    values.push_back(numbers.read(std::string_view{found->value}.substr(at), each));
  return values;
}

std::uint32_t number_of(TiffTable const& table, TiffNumbers numbers, unsigned tag) {
  auto const values = numbers_of(table, numbers, tag);
  return values.empty() ? 0 : values[0];
}

std::string text_of(TiffTable const& table, unsigned tag) {
  auto const found = std::ranges::find(table, tag, &TiffEntry::tag);
  return found == table.end() ? std::string{} : found->value;
}

// Every table of the file: those in a row from the first, and those inside of them.
std::vector<TiffTable> all_tables(std::string_view file, TiffNumbers numbers) {
  static auto const wanted = TiffTags{width_tag,         height_tag,      photometric_tag,   make_tag,
                                      strip_offsets_tag, orientation_tag, strip_lengths_tag, inner_tables_tag,
                                      jpeg_offset_tag,   jpeg_length_tag, dng_version_tag};
  auto tables = std::vector<TiffTable>{};
  auto to_read = std::vector<std::size_t>{numbers.read(file.substr(4), 4)};
  for (auto i = std::size_t{0}; i < to_read.size() && i < tables_max; ++i) {
    tables.push_back(read_table(file, numbers, to_read[i], wanted));
    for (auto const inner : numbers_of(tables.back(), numbers, inner_tables_tag)) to_read.push_back(inner);
    if (auto const next = next_table(file, numbers, to_read[i]); next != 0) to_read.push_back(next);
  }
  return tables;
}

std::string_view jpeg_at(std::string_view file, std::size_t at, std::size_t length) {
  if (at > file.size() || file.size() - at < length) return {};
  auto const part = file.substr(at, length);
  // Lossless JPEG, as sensor data is packed, has another start of frame than 0, 1 or 2.
  auto const baseline = part.find("\xff\xc0"sv) != part.npos || part.find("\xff\xc2"sv) != part.npos;
  return part.starts_with("\xff\xd8\xff") && baseline ? part : std::string_view{};
}

std::string_view jpeg_of(std::string_view file, TiffTable const& table, TiffNumbers numbers) {
  auto const inside =
      jpeg_at(file, number_of(table, numbers, jpeg_offset_tag), number_of(table, numbers, jpeg_length_tag));
  if (!inside.empty()) return inside;
  auto const offsets = numbers_of(table, numbers, strip_offsets_tag);
  auto const lengths = numbers_of(table, numbers, strip_lengths_tag);
  if (offsets.size() != 1 || lengths.size() != 1) return {};
  return jpeg_at(file, offsets[0], lengths[0]);
}

bool is_sensor_data(TiffTable const& table, TiffNumbers numbers) {
  auto const meaning = number_of(table, numbers, photometric_tag);
  return meaning == colour_filter_array || meaning == linear_raw;
}

std::string_view type_of(std::string_view file, TiffTable const& first) {
  if (file.substr(8, 3) == "CR\x02") return "image/x-canon-cr2";
  if (!text_of(first, dng_version_tag).empty()) return "image/x-adobe-dng";
  auto const make = text_of(first, make_tag);
  auto const* const maker =
      std::ranges::find_if(makers, [&](auto const& known) { return make.starts_with(known.first); });
  return maker == makers.end() ? "image/x-dcraw" : maker->second;
}

}  // namespace

std::optional<RawPhoto> find_tiff_photo(std::string_view file) {
  if (file.size() < 16 || (!file.starts_with("II*\0"sv) && !file.starts_with("MM\0*"sv))) return std::nullopt;
  auto const numbers = TiffNumbers{file.starts_with("MM")};
  auto const tables = all_tables(file, numbers);
  auto photo = RawPhoto{.type = type_of(file, tables[0]), .jpeg = {}, .tables = file};
  auto sensor = photo.type == "image/x-canon-cr2";
  for (auto const& table : tables) {
    sensor = sensor || is_sensor_data(table, numbers);
    auto const jpeg = jpeg_of(file, table, numbers);
    if (jpeg.size() > photo.jpeg.size()) photo.jpeg = jpeg;
    auto const width = static_cast<int>(number_of(table, numbers, width_tag) & 0xffffff);
    auto const height = static_cast<int>(number_of(table, numbers, height_tag) & 0xffffff);
    if (std::int64_t{width} * height <= std::int64_t{photo.width} * photo.height) continue;
    photo.width = width;
    photo.height = height;
  }
  if (!sensor) return std::nullopt;
  auto const turned = static_cast<int>(number_of(tables[0], numbers, orientation_tag));
  if (turned >= 1 && turned <= 8) photo.orientation = turned;
  return photo;
}

}  // namespace hoist::vips
