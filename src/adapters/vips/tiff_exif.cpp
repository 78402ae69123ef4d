#include "adapters/vips/tiff_exif.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

namespace hoist::vips {
namespace {

constexpr auto entries_max = 1000U;
constexpr auto value_bytes_max = std::size_t{256};
constexpr auto exif_pointer = 0x8769U;
constexpr auto gps_pointer = 0x8825U;

using Tags = std::vector<unsigned>;

struct Entry {
  unsigned tag;
  unsigned type;
  std::uint32_t count;
  std::string value;  // in the file's byte order
};
using Table = std::vector<Entry>;

class Numbers {
 public:
  explicit Numbers(bool big_endian) : big_endian_{big_endian} {}
  // The caller has checked that `bytes` is long enough.
  [[nodiscard]] std::uint32_t read(std::string_view bytes, std::size_t length) const {
    auto number = std::uint32_t{0};
    for (auto i = std::size_t{0}; i < length; ++i)
      number = number << 8 | static_cast<unsigned char>(bytes[big_endian_ ? i : length - 1 - i]);
    return number;
  }
  [[nodiscard]] std::string write(std::uint32_t number, std::size_t length) const {
    auto bytes = std::string(length, '\0');
    for (auto i = std::size_t{0}; i < length; ++i)
      bytes[big_endian_ ? length - 1 - i : i] = static_cast<char>(number >> (8 * i) & 0xff);
    return bytes;
  }

 private:
  bool big_endian_;
};

// The value's bytes, empty when they are not wholly inside the file.
std::string value_of(std::string_view file, Numbers numbers, std::string_view entry) {
  constexpr auto sizes = std::array<std::size_t, 14>{0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4};
  auto const type = numbers.read(entry.substr(2), 2);
  auto const count = numbers.read(entry.substr(4), 4);
  if (type >= sizes.size() || count > value_bytes_max) return {};
  auto const length = sizes[type] * count;
  if (length <= 4) return std::string{entry.substr(8, length)};
  auto const at = std::size_t{numbers.read(entry.substr(8), 4)};
  if (length > value_bytes_max || at > file.size() || file.size() - at < length) return {};
  return std::string{file.substr(at, length)};
}

Table read_table(std::string_view file, Numbers numbers, std::size_t at, Tags const& wanted) {
  auto table = Table{};
  if (at < 8 || at > file.size() || file.size() - at < 2) return table;
  auto const count = std::min(numbers.read(file.substr(at), 2), entries_max);
  for (auto i = 0U; i < count; ++i) {
    auto const entry_at = at + 2 + std::size_t{i} * 12;
    if (file.size() < entry_at + 12) break;
    auto const entry = file.substr(entry_at, 12);
    auto const tag = numbers.read(entry, 2);
    if (std::ranges::find(wanted, tag) == wanted.end()) continue;
    auto value = value_of(file, numbers, entry);
    if (!value.empty())
      table.push_back(
          {tag, numbers.read(entry.substr(2), 2), numbers.read(entry.substr(4), 4), std::move(value)});
  }
  return table;
}

std::size_t size_of(Table const& table) {
  auto size = 2 + table.size() * 12 + 4;
  for (auto const& entry : table) size += entry.value.size() > 4 ? entry.value.size() : 0;
  return size;
}

// The table as it stands at offset `at`, its longer values behind it.
std::string write_table(Table const& table, Numbers numbers, std::size_t at) {
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
  auto const numbers = Numbers{file.starts_with("MM")};
  auto main = read_table(file, numbers, numbers.read(file.substr(4), 4),
                         {0x10f, 0x110, 0x112, exif_pointer, gps_pointer});
  auto const follow = [&](unsigned pointer, Tags const& wanted) {
    auto const at = std::ranges::find(main, pointer, &Entry::tag);
    if (at == main.end() || at->value.size() != 4) return Table{};
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
  return std::string{file.substr(0, 4)} + numbers.write(8, 4) + write_table(main, numbers, 8) +
         write_table(exif, numbers, exif_at) + write_table(gps, numbers, gps_at);
}

}  // namespace hoist::vips
