#include "adapters/vips/tiff_exif.hpp"

#include <algorithm>
#include <cstdint>

#include "adapters/vips/tiff_tables.hpp"

namespace hoist::vips {
namespace {

constexpr auto exif_pointer = 0x8769U;
constexpr auto gps_pointer = 0x8825U;

std::size_t size_of(TiffTable const& table) {
  auto size = 2 + table.size() * 12 + 4;
  for (auto const& entry : table) size += entry.value.size() > 4 ? entry.value.size() : 0;
  return size;
}

// The table as it stands at offset `at`, its longer values behind it.
std::string write_table(TiffTable const& table, TiffNumbers numbers, std::size_t at) {
  auto head = numbers.write(static_cast<std::uint32_t>(table.size()), 2);
  auto tail = std::string{};
  auto const tail_at = at + 2 + table.size() * 12 + 4;
  for (auto const& entry : table) {
    head += numbers.write(entry.tag, 2) + numbers.write(entry.type, 2) + numbers.write(entry.count, 4);
    if (entry.value.size() <= 4) {
      head += entry.value + std::string(4 - entry.value.size(), '\0');
    } else {
      head += numbers.write(static_cast<std::uint32_t>(tail_at + tail.size()), 4);
      tail += entry.value;
    }
  }
  return head + std::string(4, '\0') + tail;
}

}  // namespace

std::string exif_of_tiff(std::string_view file) {
  if (file.size() < 8) return {};
  // The 64-bit kind has tables of another shape.
  if (file[2] == '+' || file[3] == '+') return {};
  auto const numbers = TiffNumbers{file.starts_with("MM")};
  auto main = read_table(file, numbers, numbers.read(file.substr(4), 4),
                         {0x10f, 0x110, 0x112, exif_pointer, gps_pointer});
  auto const follow = [&](unsigned pointer, TiffTags const& wanted) {
    auto const at = std::ranges::find(main, pointer, &TiffEntry::tag);
    if (at == main.end() || at->value.size() != 4) return TiffTable{};
    return read_table(file, numbers, numbers.read(at->value, 4), wanted);
  };
  auto const exif = follow(exif_pointer, {0x9003, 0x9004, 0x9011, 0x9012});
  auto const gps = follow(gps_pointer, {1, 2, 3, 4, 5, 6});
  auto const exif_at = 8 + size_of(main);
  auto const gps_at = exif_at + size_of(exif);
  for (auto& entry : main) {
    if (entry.tag == exif_pointer) entry.value = numbers.write(static_cast<std::uint32_t>(exif_at), 4);
    if (entry.tag == gps_pointer) entry.value = numbers.write(static_cast<std::uint32_t>(gps_at), 4);
  }
  // Some makers have a number of their own where TIFF has 42.
  return std::string{file.substr(0, 2)} + numbers.write(42, 2) + numbers.write(8, 4) +
         write_table(main, numbers, 8) + write_table(exif, numbers, exif_at) +
         write_table(gps, numbers, gps_at);
}

}  // namespace hoist::vips
