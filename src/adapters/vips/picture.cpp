#include "adapters/vips/picture.hpp"

#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <functional>
#include <malloc.h>
#include <memory>
#include <string>

#include "adapters/vips/exif.hpp"
#include "adapters/vips/heif.hpp"
#include "adapters/vips/image.hpp"
#include "adapters/vips/limits.hpp"
#include "adapters/vips/plain_pictures.hpp"
#include "adapters/vips/raw.hpp"
#include "adapters/vips/slugs.hpp"
#include "adapters/vips/sniff.hpp"
#include "adapters/vips/tiff_exif.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

// Operations whose names begin so are libvips' loaders of has_picture()'s types. HEIF is not among them:
// heif.hpp says why.
constexpr auto loaders = std::array{
    "VipsForeignLoadJpeg"sv, "VipsForeignLoadPng"sv, "VipsForeignLoadWebp"sv, "VipsForeignLoadNsgif"sv,
    "VipsForeignLoadTiff"sv, "VipsForeignLoadJxl"sv, "VipsForeignLoadJp2k"sv};

void* note_open_loader(VipsObjectClass* type, void* names) {
  auto const* const operation = VIPS_OPERATION_CLASS(type);
  if (G_TYPE_IS_ABSTRACT(G_OBJECT_CLASS_TYPE(type)) || (operation->flags & VIPS_OPERATION_BLOCKED) != 0)
    return nullptr;
  auto const name = std::string_view{G_OBJECT_CLASS_NAME(type)};
  if (std::ranges::none_of(loaders, [&](auto prefix) { return name.starts_with(prefix); }))
    static_cast<std::string*>(names)->append(name).append(" ");
  return nullptr;
}

// libpng gives up quietly: it warns, and the rest of the picture stays black.
auto warning = std::string{};

void note_warning(char const*, GLogLevelFlags, char const* message, void*) {
  if (warning.empty()) warning = std::string_view{message}.substr(0, 200);
}

bool warned_of_missing_rows() {
  return to_lower(warning).find("not enough") != std::string::npos;
}

// libjpeg can decode at half, a quarter or an eighth for a fraction of the work. The largest
// thumbnail is then resampled from at least its own size.
int jpeg_shrink(VipsImage const* image, int size) {
  auto const edge = std::max(image->Xsize, image->Ysize);
  auto shrink = 1;
  while (shrink < 8 && edge / (shrink * 2) >= size) shrink *= 2;
  return shrink;
}

// To at most `edge`. libvips' own choice for thumbnails, a wide filter over little shrinking, costs
// as much as decoding the photo; whole-number shrinking first and a triangle filter after it do not.
Result<Image> scale_down(VipsImage* image, int edge) {
  auto const scale = std::min(1.0, double(edge) / std::max(image->Xsize, image->Ysize));
  VipsImage* out = nullptr;
  if (vips_resize(image, &out, scale, "kernel", VIPS_KERNEL_LINEAR, "gap", 1.0, nullptr) != 0)
    return decoder_says();
  return Image{out};
}

Result<Image> small_from_file(std::string_view bytes, std::string_view type, VipsImage* header, int edge,
                              VipsFailOn fail_on) {
  // Without a profile of its own a picture is sRGB already; the way through a profile costs a fifth.
  auto const* const profile = vips_image_get_typeof(header, VIPS_META_ICC_NAME) != 0 ? "srgb" : nullptr;
  auto* const data = const_cast<char*>(bytes.data());  // libvips only reads it
  VipsImage* small = nullptr;
  if (type != "image/jpeg") {
    if (vips_thumbnail_buffer(data, bytes.size(), &small, edge, "height", edge, "size", VIPS_SIZE_DOWN,
                              "export_profile", profile, "fail_on", fail_on, nullptr) != 0)
      return decoder_says();
    return Image{small};
  }
  VipsImage* decoded = nullptr;
  if (vips_jpegload_buffer(data, bytes.size(), &decoded, "shrink", jpeg_shrink(header, edge), "access",
                           VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, nullptr) != 0)
    return decoder_says();
  auto const owned = Image{decoded};
  TRY(auto const reduced, scale_down(decoded, edge));
  if (vips_thumbnail_image(reduced.get(), &small, edge, "height", edge, "size", VIPS_SIZE_DOWN,
                           "export_profile", profile, nullptr) != 0)
    return decoder_says();
  return Image{small};
}

// In memory, opaque and without a single byte of metadata.
Result<Image> flat_copy(Image source) {
  if (vips_image_hasalpha(source.get())) {
    auto const white = std::unique_ptr<VipsArrayDouble, void (*)(VipsArrayDouble*)>{
        vips_array_double_newv(1, 255.0), [](auto* array) { vips_area_unref(VIPS_AREA(array)); }};
    VipsImage* flat = nullptr;
    if (vips_flatten(source.get(), &flat, "background", white.get(), nullptr) != 0) return decoder_says();
    source.reset(flat);
  }
  auto* const copy = vips_image_copy_memory(source.get());
  if (copy == nullptr) return decoder_says();
  return Image{copy};
}

Result<Thumbnail> encode(VipsImage* image, int size) {
  void* data = nullptr;
  auto length = std::size_t{0};
  if (vips_jpegsave_buffer(image, &data, &length, "Q", limits::thumbnail_quality, "strip", TRUE, nullptr) !=
      0)
    return decoder_says();
  auto thumbnail = Thumbnail{.size = size, .width = image->Xsize, .height = image->Ysize};
  thumbnail.content_type = "image/jpeg";
  thumbnail.bytes.assign(static_cast<char const*>(data), length);
  g_free(data);
  return thumbnail;
}

// A decoder that goes on after an error leaves what it could not read in one colour.
bool shows_something(VipsImage* image) {
  auto spread = 0.0;
  return vips_deviate(image, &spread, nullptr) == 0 && spread > 1;
}

Result<std::vector<Thumbnail>> make_thumbnails(Image small, std::span<int const> sizes) {
  auto current = std::move(small);
  auto thumbnails = std::vector<Thumbnail>{};
  for (auto const size : sizes) {
    if (!thumbnails.empty()) {
      TRY(current, scale_down(current.get(), size));
    }
    TRY(auto thumbnail, encode(current.get(), size));
    thumbnails.push_back(std::move(thumbnail));
  }
  return thumbnails;
}

// A file with its beginning read: what that says, and how to get at the picture.
struct Opened {
  MediaReport report;
  // The picture with a longest edge of at most so many pixels. With `lenient`, what can be had of a
  // damaged one.
  std::function<Result<Image>(int edge, bool lenient)> small;
};

// At most `edge`, turned as it is to be shown, in the colours of screens.
Result<Image> fitted(VipsImage* image, int edge) {
  auto const* const profile = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0 ? "srgb" : nullptr;
  VipsImage* small = nullptr;
  if (vips_thumbnail_image(image, &small, edge, "height", edge, "size", VIPS_SIZE_DOWN, "export_profile",
                           profile, nullptr) != 0)
    return decoder_says();
  return Image{small};
}

Result<Opened> open_heif(std::string_view bytes) {
  TRY(auto file, HeifFile::open(bytes));
  auto opened = Opened{};
  opened.report.width = file.width();
  opened.report.height = file.height();
  if (file.images() > 1) opened.report.pages = file.images();
  read_exif(file.exif(), opened.report);
  opened.small = [file](int edge, bool lenient) -> Result<Image> {
    TRY(auto image, lenient ? file.embedded(edge) : file.small(edge));
    return fitted(image.get(), edge);
  };
  return opened;
}

Result<Image> open_header(std::string_view bytes) {
  for (auto const fail_on : {VIPS_FAIL_ON_ERROR, VIPS_FAIL_ON_NONE}) {
    auto* const header = vips_image_new_from_buffer(bytes.data(), bytes.size(), "", "access",
                                                    VIPS_ACCESS_SEQUENTIAL, "fail_on", fail_on, nullptr);
    if (header != nullptr) return Image{header};
  }
  return decoder_says();
}

// Empty when the picture has none.
std::string_view exif_inside(VipsImage* header) {
  void const* exif = nullptr;
  auto length = std::size_t{0};
  if (vips_image_get_typeof(header, VIPS_META_EXIF_NAME) == 0 ||
      vips_image_get_blob(header, VIPS_META_EXIF_NAME, &exif, &length) != 0)
    return {};
  return {static_cast<char const*>(exif), length};
}

Result<Opened> open_with_vips(std::string_view bytes, std::string_view type) {
  TRY(auto owned, open_header(bytes));
  auto const header = std::shared_ptr<VipsImage>{std::move(owned)};
  auto const height = vips_image_get_page_height(header.get());
  if (std::max(header->Xsize, height) > limits::edge_max) return no_picture("the size makes no sense");
  auto opened = Opened{};
  auto& report = opened.report;
  auto const swapped = vips_image_get_orientation_swap(header.get()) != 0;
  report.width = swapped ? height : header->Xsize;
  report.height = swapped ? header->Xsize : height;
  if (auto const pages = vips_image_get_n_pages(header.get()); pages > 1) report.pages = pages;
  if (auto const exif = exif_inside(header.get()); !exif.empty())
    read_exif(exif, report);
  else if (type == "image/tiff")
    read_exif(exif_of_tiff(bytes), report);
  auto const pixels = std::int64_t{header->Xsize} * height;
  auto const too_many = type != "image/jpeg" && type != "image/tiff" && pixels > limits::whole_pixels_max;
  opened.small = [bytes, type, header, too_many](int edge, bool lenient) -> Result<Image> {
    if (too_many)
      return fail(Error{Code::invalid}.with_slug(slug::decoder_limit).with_cause("too many pixels"));
    return small_from_file(bytes, type, header.get(), edge, lenient ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_ERROR);
  };
  return opened;
}

using ReadSize = Result<PlainSize>(std::string_view);
using ReadSmall = Result<Image>(std::string_view, int, bool);

Result<Opened> open_plain(std::string_view bytes, ReadSize* size_of, ReadSmall* small_of) {
  TRY(auto const size, size_of(bytes));
  if (std::int64_t{size.width} * size.height > limits::whole_pixels_max)
    return fail(Error{Code::invalid}.with_slug(slug::decoder_limit).with_cause("too many pixels"));
  auto opened = Opened{};
  opened.report.width = size.width;
  opened.report.height = size.height;
  opened.small = [bytes, small_of](int edge, bool lenient) -> Result<Image> {
    TRY(auto const image, small_of(bytes, edge, lenient));
    return fitted(image.get(), edge);
  };
  return opened;
}

// Cameras turn the file as a whole and leave the photo inside as the sensor saw it.
Result<Image> turned(Image photo, int orientation) {
  // Turning reads the rows out of order.
  auto* const memory = vips_image_copy_memory(photo.get());
  if (memory == nullptr) return decoder_says();
  auto const copy = Image{memory};
  VipsImage* out = nullptr;
  vips_image_set_int(copy.get(), VIPS_META_ORIENTATION, orientation);
  if (vips_autorot(copy.get(), &out, nullptr) != 0) return decoder_says();
  return Image{out};
}

Result<Opened> open_raw(std::string_view bytes) {
  auto photo = find_raw_photo(bytes);
  if (!photo || photo->width < 1 || photo->height < 1) return no_picture("no sensor data");
  if (std::max(photo->width, photo->height) > limits::edge_max) return no_picture("the size makes no sense");
  auto opened = Opened{};
  if (photo->tables.empty()) {
    TRY(auto const header, open_header(photo->jpeg));
    read_exif(exif_inside(header.get()), opened.report);
    photo->orientation = vips_image_get_orientation(header.get());
  } else {
    read_exif(exif_of_tiff(photo->tables), opened.report);
  }
  auto const swapped = photo->orientation > 4;
  opened.report.width = swapped ? photo->height : photo->width;
  opened.report.height = swapped ? photo->width : photo->height;
  opened.small = [photo = *photo](int edge, bool lenient) -> Result<Image> {
    if (photo.jpeg.empty()) return no_picture("a RAW file without a photo inside is not supported");
    TRY(auto const header, open_header(photo.jpeg));
    TRY(auto small, small_from_file(photo.jpeg, "image/jpeg", header.get(), edge,
                                    lenient ? VIPS_FAIL_ON_NONE : VIPS_FAIL_ON_ERROR));
    if (vips_image_get_orientation(header.get()) != 1) return small;
    return turned(std::move(small), photo.orientation);
  };
  return opened;
}

Result<Opened> open_as(std::string_view bytes, std::string_view type) {
  if (is_heif(type)) return open_heif(bytes);
  if (is_raw(type)) return open_raw(bytes);
  if (type == "image/bmp") return open_plain(bytes, bmp_size, small_bmp);
  if (type == "image/vnd.adobe.photoshop") return open_plain(bytes, psd_size, small_psd);
  return open_with_vips(bytes, type);
}

Result<Opened> open_file(std::string_view bytes, std::string_view type) {
  warning.clear();
  auto opened = open_as(bytes, type);
  if (opened) opened->report.content_type = std::string{type};
  return opened;
}

Preview because(Error const& error) {
  return {.reason = std::string{error.slug()}, .note = {}, .message = error.cause()};
}

MediaReport not_opened(std::string_view type, Error const& error) {
  auto report = MediaReport{.content_type = std::string{type}};
  report.preview = because(error);
  return report;
}

// What there is of a picture that cannot be read to its end.
Result<std::vector<Thumbnail>> make_partly(Opened const& opened, std::span<int const> sizes,
                                           Error const& error) {
  auto const partly = error.slug() == slug::truncated_file || error.slug() == slug::corrupt_file;
  if (!partly) return fail(error);
  TRY(auto small, opened.small(sizes.front(), true));
  TRY(auto flat, flat_copy(std::move(small)));
  if (!shows_something(flat.get())) return fail(error);
  return make_thumbnails(std::move(flat), sizes);
}

Result<std::vector<Thumbnail>> make_whole(Opened const& opened, std::span<int const> sizes) {
  TRY(auto small, opened.small(sizes.front(), false));
  TRY(auto flat, flat_copy(std::move(small)));
  if (warned_of_missing_rows() && !shows_something(flat.get()))
    return fail(Error{Code::invalid}.with_slug(slug::truncated_file).with_cause(warning));
  return make_thumbnails(std::move(flat), sizes);
}

}  // namespace

Result<void> start_pictures() {
  // One heap: each more would reserve 64 MB of the address space that the sandbox allows.
  ::mallopt(M_ARENA_MAX, 1);
  // Nothing can be written to a disk in there.
  ::setenv("VIPS_DISC_THRESHOLD", "1g", 1);
  if (vips_init("hoist") != 0) return fail(Error{Code::internal}.with_cause(vips_error_buffer()));
  g_log_set_handler("VIPS", G_LOG_LEVEL_WARNING, note_warning, nullptr);
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  vips_block_untrusted_set(TRUE);
  vips_operation_block_set("VipsForeignLoad", TRUE);
  for (auto const& name : loaders) vips_operation_block_set(std::string{name}.c_str(), FALSE);
  auto open = std::string{};
  vips_class_map_all(VIPS_TYPE_FOREIGN_LOAD, note_open_loader, &open);
  if (!open.empty()) return fail(Error{Code::internal}.with_cause("loaders not blocked: " + open));
  return {};
}

MediaReport read_header(std::string_view bytes, std::string_view type) {
  auto const opened = open_file(bytes, type);
  return opened ? opened->report : not_opened(type, opened.error());
}

MediaReport read_picture(std::string_view bytes, std::string_view type, std::span<int const> sizes) {
  auto const opened = open_file(bytes, type);
  if (!opened) return not_opened(type, opened.error());
  auto report = opened->report;
  auto thumbnails = make_whole(*opened, sizes);
  if (!thumbnails) {
    auto const error = thumbnails.error();
    thumbnails = make_partly(*opened, sizes, error);
    report.preview = because(error);
    if (!thumbnails) return report;
    auto const note = error.slug() == slug::truncated_file ? slug::truncated : slug::damaged;
    report.preview = {.reason = {}, .note = std::string{note}, .message = error.cause()};
  } else if (warned_of_missing_rows()) {
    report.preview = {.reason = {}, .note = std::string{slug::truncated}, .message = warning};
  }
  report.thumbnails = std::move(*thumbnails);
  return report;
}

}  // namespace hoist::vips
