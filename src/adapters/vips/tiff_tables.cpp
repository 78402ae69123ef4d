#include "adapters/vips/tiff_tables.hpp"

#include <algorithm>
#include <array>

namespace hoist::vips {
namespace {

constexpr auto entries_max = 1000U;
constexpr auto value_bytes_max = std::size_t{256};

// The value's bytes, empty when they are not wholly inside the file.
std::string value_of(std::string_view file, TiffNumbers numbers, std::string_view entry) {
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

}  // namespace

TiffTable read_table(std::string_view file, TiffNumbers numbers, std::size_t at, TiffTags const& wanted) {
  auto table = TiffTable{};
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

std::size_t next_table(std::string_view file, TiffNumbers numbers, std::size_t at) {
  if (at < 8 || at > file.size() || file.size() - at < 2) return 0;
  auto const link = at + 2 + std::size_t{numbers.read(file.substr(at), 2)} * 12;
  return file.size() < link + 4 ? 0 : numbers.read(file.substr(link), 4);
}

}  // namespace hoist::vips
