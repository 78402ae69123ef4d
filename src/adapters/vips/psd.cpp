#include <cstdint>

#include "adapters/vips/limits.hpp"
#include "adapters/vips/plain_pictures.hpp"
#include "adapters/vips/row_shrinker.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

constexpr auto header_bytes = std::size_t{26};

enum class Mode : unsigned { grey = 1, indexed = 2, rgb = 3, cmyk = 4 };

std::size_t number(std::string_view file, std::size_t at, std::size_t length) {
  auto value = std::size_t{0};
  for (auto i = std::size_t{0}; i < length; ++i)
    value = value << 8 | static_cast<unsigned char>(file[at + i]);
  return value;
}

struct Psd {
  std::string_view file;
  bool big = false;  // a PSB, whose lengths are longer
  int width = 0;
  int height = 0;
  std::size_t channels = 0;  // that make up the colours
  std::size_t depth = 0;     // bytes of a value
  Mode mode = Mode::rgb;
  std::string_view palette;
};

Result<Psd> read_psd(std::string_view file) {
  if (file.size() < header_bytes + 4) return no_picture("the header is too short");
  auto psd = Psd{.file = file, .big = number(file, 4, 2) == 2};
  auto const height = number(file, 14, 4);
  auto const width = number(file, 18, 4);
  if (width < 1 || height < 1 || width > 300'000 || height > 300'000)
    return no_picture("the size makes no sense");
  // The best that its packing can do.
  if (width * height / 64 > file.size()) return no_picture("the file is too short");
  psd.width = static_cast<int>(width);
  psd.height = static_cast<int>(height);
  psd.mode = static_cast<Mode>(number(file, 24, 2));
  psd.depth = number(file, 22, 2) / 8;
  psd.channels = psd.mode == Mode::cmyk ? 4 : psd.mode == Mode::rgb ? 3 : 1;
  auto const known =
      psd.mode == Mode::grey || psd.mode == Mode::indexed || psd.mode == Mode::rgb || psd.mode == Mode::cmyk;
  if (!known || psd.depth < 1 || psd.depth > 2 || number(file, 12, 2) < psd.channels)
    return no_picture("these colours are not supported");
  if (psd.mode == Mode::indexed) psd.palette = file.substr(header_bytes + 4, 768);
  if (psd.mode == Mode::indexed && psd.palette.size() < 768) return no_picture("the palette is too short");
  return psd;
}

// Where the picture begins: behind colours, resources and layers.
Result<std::size_t> picture_at(Psd const& psd) {
  auto at = header_bytes;
  for (auto const length_bytes : {std::size_t{4}, std::size_t{4}, std::size_t{psd.big ? 8U : 4U}}) {
    if (at > psd.file.size() || psd.file.size() - at < length_bytes)
      return no_picture("the file is too short");
    auto const length = number(psd.file, at, length_bytes);
    if (length > psd.file.size()) return no_picture("the file is too short");
    at += length_bytes + length;
  }
  if (at + 2 > psd.file.size()) return no_picture("the file is too short");
  return at;
}

// One row of one channel, unpacked. False: it is not wholly there.
bool unpack(std::string_view packed, std::span<std::uint8_t> row) {
  auto done = std::size_t{0};
  for (auto at = std::size_t{0}; at + 1 < packed.size() && done < row.size();) {
    auto const control = static_cast<unsigned char>(packed[at++]);
    if (control == 128) continue;
    auto const repeats = control > 128;
    auto const count = std::min<std::size_t>(repeats ? 257U - control : control + 1U, row.size() - done);
    if (!repeats && packed.size() - at < count) return false;
    for (auto i = std::size_t{0}; i < count; ++i)
      row[done++] = static_cast<std::uint8_t>(packed[repeats ? at : at + i]);
    at += repeats ? 1 : count;
  }
  return done == row.size();
}

// Finds and unpacks rows.
class Rows {
 public:
  static Result<Rows> open(Psd const& psd) {
    TRY(auto at, picture_at(psd));
    auto rows = Rows{psd};
    auto const packing = number(psd.file, at, 2);
    if (packing > 1) return no_picture("this packing is not supported");
    rows.packed_ = packing == 1;
    at += 2;
    auto const count = rows.all_channels_ * static_cast<std::size_t>(psd.height);
    auto const each = psd.big ? std::size_t{4} : std::size_t{2};
    auto data_at = rows.packed_ ? at + count * each : at;
    if (data_at > psd.file.size()) return no_picture("the file is too short");
    for (auto i = std::size_t{0}; i < count; ++i) {
      rows.begins_.push_back(data_at);
      data_at += rows.packed_ ? number(psd.file, at + i * each, each) : rows.bytes_;
    }
    rows.begins_.push_back(data_at);
    return rows;
  }

  [[nodiscard]] bool read(std::size_t channel, std::size_t y, std::span<std::uint8_t> row) const {
    auto const index = channel * static_cast<std::size_t>(psd_.height) + y;
    auto const begin = begins_[index];
    auto const end = begins_[index + 1];
    if (begin > psd_.file.size() || end > psd_.file.size()) return false;
    auto const bytes = psd_.file.substr(begin, end - begin);
    if (packed_) return unpack(bytes, row);
    std::ranges::copy(bytes, row.begin());
    return true;
  }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

 private:
  explicit Rows(Psd const& psd)
      : psd_{psd},
        all_channels_{number(psd.file, 12, 2)},
        bytes_{static_cast<std::size_t>(psd.width) * psd.depth} {}
  Psd psd_;
  std::size_t all_channels_;
  std::size_t bytes_;
  bool packed_ = false;
  std::vector<std::size_t> begins_;
};

// `values` holds a row of each channel, one after the other.
void to_rgb(Psd const& psd, std::span<std::uint8_t const> values, std::span<std::uint8_t> row) {
  auto const width = static_cast<std::size_t>(psd.width);
  auto const at = [&](std::size_t channel, std::size_t x) -> unsigned {
    return values[(channel * width + x) * psd.depth];  // of two bytes the higher
  };
  for (auto x = std::size_t{0}; x < width; ++x)
    for (auto band = std::size_t{0}; band < RowShrinker::bands; ++band) {
      auto const value = psd.mode == Mode::rgb    ? at(band, x)
                         : psd.mode == Mode::grey ? at(0, x)
                         : psd.mode == Mode::cmyk
                             ? at(band, x) * at(3, x) / 255  // 255 is no ink
                             : static_cast<unsigned char>(psd.palette[band * 256 + at(0, x)]);
      row[x * RowShrinker::bands + band] = static_cast<std::uint8_t>(value);
    }
}

}  // namespace

Result<PlainSize> psd_size(std::string_view file) {
  TRY(auto const psd, read_psd(file));
  return PlainSize{psd.width, psd.height};
}

Result<Image> small_psd(std::string_view file, int edge, bool lenient) {
  TRY(auto const psd, read_psd(file));
  TRY(auto const rows, Rows::open(psd));
  auto shrinker = RowShrinker{psd.width, psd.height, edge};
  auto values = std::vector<std::uint8_t>(rows.bytes() * psd.channels);
  auto row = std::vector<std::uint8_t>(static_cast<std::size_t>(psd.width) * RowShrinker::bands);
  for (auto y = std::size_t{0}; y < static_cast<std::size_t>(psd.height); ++y) {
    for (auto channel = std::size_t{0}; channel < psd.channels; ++channel) {
      auto const part = std::span{values}.subspan(channel * rows.bytes(), rows.bytes());
      if (rows.read(channel, y, part)) continue;
      if (!lenient) return no_picture("the file is too short");
      std::ranges::fill(part, std::uint8_t{0});
    }
    to_rgb(psd, values, row);
    shrinker.add(row);
  }
  return shrinker.picture();
}

}  // namespace hoist::vips
