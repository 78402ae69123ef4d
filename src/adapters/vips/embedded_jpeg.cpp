#include "adapters/vips/embedded_jpeg.hpp"

#include <cstddef>
#include <cstdint>

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

constexpr auto begin = "\xff\xd8\xff"sv;
// Bounds what a file of nothing but beginnings costs.
constexpr auto candidates_max = 4096;
constexpr auto segments_max = 256;

unsigned byte(std::string_view file, std::size_t at) {
  return static_cast<unsigned char>(file[at]);
}

unsigned number(std::string_view file, std::size_t at) {
  return byte(file, at) << 8 | byte(file, at + 1);
}

// Where the scan that begins at `at` ends: at the next marker that is not part of the data.
std::size_t end_of_scan(std::string_view file, std::size_t at) {
  while (true) {
    at = file.find('\xff', at);
    if (at == file.npos || at + 1 >= file.size()) return file.npos;
    auto const next = byte(file, at + 1);
    auto const is_data = next == 0 || next == 0xff || (next >= 0xd0 && next <= 0xd7);
    if (!is_data) return at;
    at += next == 0xff ? 1 : 2;
  }
}

// Reads segment by segment to the end of the picture. Without bytes when it is none, or not one of photos.
EmbeddedJpeg read_jpeg(std::string_view file) {
  auto jpeg = EmbeddedJpeg{};
  auto at = begin.size() - 1;
  for (auto segments = 0; segments < segments_max && at + 2 <= file.size(); ++segments) {
    if (byte(file, at) != 0xff) return {};
    auto const marker = byte(file, at + 1);
    if (marker == 0xd9) {
      if (jpeg.width > 0) jpeg.bytes = file.substr(0, at + 2);
      return jpeg;
    }
    if (marker < 0xc0 || marker == 0xff || at + 4 > file.size()) return {};
    auto const length = std::size_t{number(file, at + 2)};
    if (length < 2 || at + 2 + length > file.size()) return {};
    auto const is_frame =
        marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
    if (is_frame && (marker > 0xc2 || length < 8)) return {};
    if (is_frame) {
      jpeg.height = static_cast<int>(number(file, at + 5));
      jpeg.width = static_cast<int>(number(file, at + 7));
    }
    at += 2 + length;
    if (marker == 0xda) at = end_of_scan(file, at);
    if (at == file.npos) return {};
  }
  return {};
}

}  // namespace

EmbeddedJpeg largest_jpeg(std::string_view file) {
  auto largest = EmbeddedJpeg{};
  auto candidates = 0;
  for (auto at = file.find(begin); at != file.npos && candidates < candidates_max; ++candidates) {
    auto const found = read_jpeg(file.substr(at));
    if (std::int64_t{found.width} * found.height > std::int64_t{largest.width} * largest.height &&
        !found.bytes.empty())
      largest = found;
    at = file.find(begin, at + (found.bytes.empty() ? 1 : found.bytes.size()));
  }
  return largest;
}

}  // namespace hoist::vips
