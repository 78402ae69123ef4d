// The tables of a TIFF file: its numbers in either byte order, its entries, none of them trusted.
// Source   TIFF 6.0 section 2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hoist::vips {

using TiffTags = std::vector<unsigned>;

struct TiffEntry {
  unsigned tag;
  unsigned type;
  std::uint32_t count;
  std::string value;  // in the file's byte order
};
using TiffTable = std::vector<TiffEntry>;

class TiffNumbers {
 public:
  explicit TiffNumbers(bool big_endian) : big_endian_{big_endian} {}
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

// The entries at `at` whose tags are wanted. Empty when they make no sense.
[[nodiscard]] TiffTable read_table(std::string_view file, TiffNumbers numbers, std::size_t at,
                                   TiffTags const& wanted);
// Where the table after the one at `at` is; 0: there is none.
[[nodiscard]] std::size_t next_table(std::string_view file, TiffNumbers numbers, std::size_t at);

}  // namespace hoist::vips
