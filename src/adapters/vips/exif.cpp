#include "adapters/vips/exif.hpp"

#include <fmt/format.h>
#include <libexif/exif-data.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <memory>
#include <optional>
#include <string>

#include "base/encode.hpp"

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

constexpr auto text_bytes_max = std::size_t{64};

struct Unref {
  void operator()(ExifData* data) const { ::exif_data_unref(data); }
};
using Data = std::unique_ptr<ExifData, Unref>;

ExifEntry* find(Data const& data, ExifIfd ifd, int tag) {
  return ::exif_content_get_entry(data->ifd[ifd], static_cast<ExifTag>(tag));
}

std::optional<std::string> text(Data const& data, ExifIfd ifd, int tag) {
  auto const* const entry = find(data, ifd, tag);
  if (entry == nullptr || entry->format != EXIF_FORMAT_ASCII || entry->data == nullptr) return std::nullopt;
  auto value = std::string_view{reinterpret_cast<char const*>(entry->data), entry->size};
  value = trim(value.substr(0, std::min(value.find('\0'), text_bytes_max)));
  auto const is_control = [](unsigned char c) { return c < 0x20 || c == 0x7f; };
  if (value.empty() || std::ranges::any_of(value, is_control) || !is_utf8(value)) return std::nullopt;
  return std::string{value};
}

std::optional<double> rational(Data const& data, ExifEntry const* entry, unsigned index) {
  if (entry == nullptr || entry->format != EXIF_FORMAT_RATIONAL || entry->data == nullptr ||
      entry->size < (index + 1) * 8)
    return std::nullopt;
  auto const value = ::exif_get_rational(entry->data + index * 8, ::exif_data_get_byte_order(data.get()));
  if (value.denominator == 0) return std::nullopt;
  return static_cast<double>(value.numerator) / value.denominator;
}

std::optional<double> degrees(Data const& data, int tag, int reference_tag, char negative, double max) {
  auto const* const entry = find(data, EXIF_IFD_GPS, tag);
  auto const reference = text(data, EXIF_IFD_GPS, reference_tag);
  auto const whole = rational(data, entry, 0);
  if (!whole || !reference) return std::nullopt;
  // Some cameras write degrees as one fraction and leave minutes or seconds as 0/0.
  auto const value =
      *whole + rational(data, entry, 1).value_or(0) / 60 + rational(data, entry, 2).value_or(0) / 3600;
  if (!std::isfinite(value) || value > max) return std::nullopt;
  return reference->front() == negative ? -value : value;
}

std::optional<Gps> read_gps(Data const& data) {
  auto const latitude = degrees(data, EXIF_TAG_GPS_LATITUDE, EXIF_TAG_GPS_LATITUDE_REF, 'S', 90);
  auto const longitude = degrees(data, EXIF_TAG_GPS_LONGITUDE, EXIF_TAG_GPS_LONGITUDE_REF, 'W', 180);
  if (!latitude || !longitude) return std::nullopt;
  // What cameras write while they have no fix; no house is built at that spot in the Atlantic.
  if (*latitude == 0 && *longitude == 0) return std::nullopt;
  auto gps = Gps{.latitude = *latitude, .longitude = *longitude};
  gps.altitude = rational(data, find(data, EXIF_IFD_GPS, EXIF_TAG_GPS_ALTITUDE), 0);
  auto const* const below = find(data, EXIF_IFD_GPS, EXIF_TAG_GPS_ALTITUDE_REF);
  if (gps.altitude && below != nullptr && below->size >= 1 && below->data[0] == 1)
    gps.altitude = -*gps.altitude;
  if (gps.altitude && std::abs(*gps.altitude) > 100'000) gps.altitude.reset();
  return gps;
}

// "2026:01:02 03:04:05" and perhaps "-06:00" to RFC 3339.
std::optional<std::string> moment(std::string_view stamp, std::optional<std::string> const& offset) {
  if (stamp.size() != 19) return std::nullopt;
  auto fields = std::array<int, 6>{};
  constexpr auto starts = std::array{0, 5, 8, 11, 14, 17};
  for (std::size_t i = 0; i < fields.size(); ++i) {
    auto const part = stamp.substr(starts[i], i == 0 ? 4 : 2);
    auto const read = std::from_chars(part.data(), part.data() + part.size(), fields[i]);
    if (read.ec != std::errc{} || read.ptr != part.data() + part.size()) return std::nullopt;
  }
  auto text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", fields[0], fields[1], fields[2], fields[3],
                          fields[4], fields[5]);
  if (!parse_rfc3339(text + "Z")) return std::nullopt;
  if (offset && parse_rfc3339(text + *offset)) return text + *offset;
  return text;
}

std::optional<std::string> read_moment(Data const& data) {
  struct Pair {
    ExifTag stamp;
    int offset;
  };
  for (auto const [stamp, offset] :
       {Pair{EXIF_TAG_DATE_TIME_ORIGINAL, 0x9011}, Pair{EXIF_TAG_DATE_TIME_DIGITIZED, 0x9012}})
    if (auto const value = text(data, EXIF_IFD_EXIF, stamp))
      if (auto const time = moment(*value, text(data, EXIF_IFD_EXIF, offset))) return time;
  return std::nullopt;
}

}  // namespace

void read_exif(std::string_view blob, MediaReport& report) {
  constexpr auto header = "Exif\0\0"sv;
  auto bytes = std::string{};
  if (!blob.starts_with(header)) bytes = header;
  bytes += blob.substr(0, 0xfff0);  // an APP1 segment is no longer, and libexif reads no further
  auto const data = Data{::exif_data_new()};
  if (!data) return;
  ::exif_data_unset_option(data.get(), EXIF_DATA_OPTION_FOLLOW_SPECIFICATION);
  ::exif_data_load_data(data.get(), reinterpret_cast<unsigned char const*>(bytes.data()),
                        static_cast<unsigned>(bytes.size()));
  report.gps = read_gps(data);
  report.captured_at = read_moment(data);
  report.camera_make = text(data, EXIF_IFD_0, EXIF_TAG_MAKE).value_or("");
  report.camera_model = text(data, EXIF_IFD_0, EXIF_TAG_MODEL).value_or("");
  auto const* const orientation = find(data, EXIF_IFD_0, EXIF_TAG_ORIENTATION);
  if (orientation == nullptr || orientation->format != EXIF_FORMAT_SHORT || orientation->size < 2) return;
  auto const value = ::exif_get_short(orientation->data, ::exif_data_get_byte_order(data.get()));
  if (value >= 1 && value <= 8) report.orientation = value;
}

}  // namespace hoist::vips
