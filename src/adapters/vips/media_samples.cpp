#include "adapters/vips/media_samples.hpp"

#include <fmt/format.h>
#include <vips/vips.h>

#include <memory>
#include <zlib.h>

namespace hoist::vips::samples {
namespace {

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

void start() {
  static auto const started = vips_init("samples") == 0;
  if (!started) std::abort();
}

Image gradient(int width, int height) {
  VipsImage* xy = nullptr;
  VipsImage* scaled = nullptr;
  VipsImage* bytes = nullptr;
  VipsImage* colours = nullptr;
  vips_xyz(&xy, width, height, nullptr);
  vips_linear1(xy, &scaled, 0.2, 20, nullptr);
  vips_cast_uchar(scaled, &bytes, nullptr);
  vips_bandjoin_const1(bytes, &colours, 90, nullptr);
  g_object_unref(xy);
  g_object_unref(scaled);
  g_object_unref(bytes);
  VipsImage* rgb = nullptr;
  vips_copy(colours, &rgb, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr);
  g_object_unref(colours);
  return Image{rgb};
}

void add_position(VipsImage* image) {
  auto const set = [&](char const* name, char const* value) { vips_image_set_string(image, name, value); };
  set("exif-ifd0-Make", "Acme");
  set("exif-ifd0-Model", "Site Camera 1");
  set("exif-ifd2-DateTimeOriginal", "2026:01:02 03:04:05");
  set("exif-ifd3-GPSLatitudeRef", "N");
  set("exif-ifd3-GPSLatitude", "19/1 25/1 5700/100");
  set("exif-ifd3-GPSLongitudeRef", "W");
  set("exif-ifd3-GPSLongitude", "99/1 7/1 5988/100");
  set("exif-ifd3-GPSAltitude", "2240/1");
}

std::string encoded(VipsImage* image, std::string_view suffix) {
  void* data = nullptr;
  auto length = std::size_t{0};
  if (vips_image_write_to_buffer(image, std::string{suffix}.c_str(), &data, &length, nullptr) != 0) {
    vips_error_clear();
    return {};
  }
  auto bytes = std::string(static_cast<char const*>(data), length);
  g_free(data);
  return bytes;
}

std::string big_endian(unsigned value) {
  auto text = std::string(4, '\0');
  for (int i = 0; i < 4; ++i) text[i] = static_cast<char>(value >> (24 - 8 * i) & 0xff);
  return text;
}

unsigned crc(std::string_view text) {
  return static_cast<unsigned>(
      ::crc32(0, reinterpret_cast<Bytef const*>(text.data()), static_cast<uInt>(text.size())));
}

std::string chunk(std::string_view type, std::string_view body) {
  auto const typed = std::string{type} + std::string{body};
  return big_endian(static_cast<unsigned>(body.size())) + typed + big_endian(crc(typed));
}

std::string stacked(int count, std::string_view suffix) {
  start();
  auto const noise = [&] {
    VipsImage* out = nullptr;
    vips_gaussnoise(&out, 8, 8 * count, "mean", 128.0, "sigma", 60.0, nullptr);
    VipsImage* bytes = nullptr;
    vips_cast_uchar(out, &bytes, nullptr);
    g_object_unref(out);
    return Image{bytes};
  }();
  VipsImage* copy = nullptr;
  vips_copy(noise.get(), &copy, "interpretation", VIPS_INTERPRETATION_B_W, nullptr);
  auto const image = Image{copy};
  vips_image_set_int(image.get(), VIPS_META_PAGE_HEIGHT, 8);
  return encoded(image.get(), suffix);
}

}  // namespace

std::string picture(std::string_view suffix, Shape shape) {
  start();
  auto const source = gradient(shape.width, shape.height);
  VipsImage* copy = nullptr;
  vips_copy(source.get(), &copy, nullptr);
  auto const image = Image{copy};
  if (shape.position) add_position(image.get());
  if (shape.orientation != 1) vips_image_set_int(image.get(), VIPS_META_ORIENTATION, shape.orientation);
  return encoded(image.get(), suffix);
}

std::string transparent_png() {
  start();
  auto const rgb = gradient(200, 100);
  VipsImage* alpha = nullptr;
  vips_black(&alpha, 200, 100, nullptr);
  VipsImage* drawn = vips_image_copy_memory(alpha);
  g_object_unref(alpha);
  vips_draw_rect1(drawn, 255, 100, 0, 100, 100, "fill", TRUE, nullptr);
  VipsImage* joined = nullptr;
  vips_bandjoin2(rgb.get(), drawn, &joined, nullptr);
  g_object_unref(drawn);
  return encoded(Image{joined}.get(), ".png");
}

std::string animation(int frames) {
  return stacked(frames, ".gif");
}

std::string multipage_tiff(int pages) {
  return stacked(pages, ".tif");
}

std::string png_header(unsigned width, unsigned height) {
  auto const ihdr = big_endian(width) + big_endian(height) + std::string("\x08\x02\0\0\0", 5);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", ihdr) + chunk("IDAT", "x") + chunk("IEND", "");
}

std::string png_bomb(unsigned edge, bool interlaced) {
  auto const ihdr = big_endian(edge) + big_endian(edge) + std::string("\x08\x06\0\0", 4) +
                    static_cast<char>(interlaced ? 1 : 0);
  // The seven passes of an interlaced one are as many bytes as one pass of all, but for the filters.
  auto left = std::size_t{edge} * edge * 4 + std::size_t{edge} * (interlaced ? 2 : 1);
  auto const zeros = std::string(1 << 20, '\0');
  auto stream = z_stream{};
  ::deflateInit(&stream, 9);
  auto packed = std::string{};
  auto buffer = std::string(65536, '\0');
  do {
    auto const piece = std::min(left, zeros.size());
    left -= piece;
    stream.next_in = const_cast<Bytef*>(reinterpret_cast<Bytef const*>(zeros.data()));
    stream.avail_in = static_cast<uInt>(piece);
    do {
      stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
      stream.avail_out = static_cast<uInt>(buffer.size());
      ::deflate(&stream, left > 0 ? Z_NO_FLUSH : Z_FINISH);
      packed.append(buffer, 0, buffer.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (left > 0);
  ::deflateEnd(&stream);
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", ihdr) + chunk("IDAT", packed) + chunk("IEND", "");
}

namespace {

std::string packed(std::string const& text) {
  auto length = ::compressBound(text.size());
  auto out = std::string(length, '\0');
  ::compress2(reinterpret_cast<Bytef*>(out.data()), &length, reinterpret_cast<Bytef const*>(text.data()),
              text.size(), 1);
  out.resize(length);
  return out;
}

// Pages that all show the same content stream, `drawing` packed as `filter` says.
std::string document(int pages, std::string_view extra, std::string_view filter, std::string_view drawing) {
  auto text = std::string{"%PDF-1.4\n"};
  auto offsets = std::vector<std::size_t>{};
  auto const object = [&](std::string const& body) {
    offsets.push_back(text.size());
    text += fmt::format("{} 0 obj\n{}\nendobj\n", offsets.size(), body);
  };
  auto kids = std::string{};
  for (int i = 0; i < pages; ++i) kids += fmt::format("{} 0 R ", i + 3);
  object(fmt::format("<< /Type /Catalog /Pages 2 0 R {} >>", extra));
  object(fmt::format("<< /Type /Pages /Kids [{}] /Count {} >>", kids, pages));
  for (int i = 0; i < pages; ++i)
    object(
        fmt::format("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 600 300] /Contents {} 0 R >>", pages + 3));
  object(fmt::format("<< /Length {} {} >>\nstream\n{}\nendstream", drawing.size(), filter, drawing));
  auto const table_at = text.size();
  text += fmt::format("xref\n0 {}\n0000000000 65535 f \n", offsets.size() + 1);
  for (auto const offset : offsets) text += fmt::format("{:010} 00000 n \n", offset);
  return text + fmt::format("trailer\n<< /Size {} /Root 1 0 R >>\nstartxref\n{}\n%%EOF\n", offsets.size() + 1,
                            table_at);
}

}  // namespace

std::string pdf(int pages, std::string_view extra) {
  return document(pages, extra, {}, "1 0 0 rg 100 100 400 100 re f");
}

std::string pdf_bomb() {
  auto drawing = std::string{};
  for (int i = 0; i < 2'000'000; ++i) drawing += "q 1 0 0 rg 0 0 600 300 re f Q\n";
  return document(1, {}, "/Filter [/FlateDecode /FlateDecode]", packed(packed(drawing)));
}

bool has_text(std::string_view bytes, std::string_view text) {
  return bytes.find(text) != bytes.npos;
}

}  // namespace hoist::vips::samples
