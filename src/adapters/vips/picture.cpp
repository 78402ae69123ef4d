#include "adapters/vips/picture.hpp"

#include <vips/vips.h>

#include <algorithm>
#include <array>
#include <malloc.h>
#include <memory>
#include <string>

#include "adapters/vips/exif.hpp"
#include "adapters/vips/limits.hpp"
#include "adapters/vips/slugs.hpp"
#include "adapters/vips/tiff_exif.hpp"
#include "base/encode.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

using namespace std::string_view_literals;

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

// Operations whose names begin so are the loaders of has_picture()'s types.
constexpr auto loaders =
    std::array{"VipsForeignLoadJpeg"sv,  "VipsForeignLoadPng"sv,  "VipsForeignLoadWebp"sv,
               "VipsForeignLoadNsgif"sv, "VipsForeignLoadTiff"sv, "VipsForeignLoadHeif"sv};

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

Result<void> check_warning(std::string_view type) {
  if (type != "image/png" || to_lower(warning).find("not enough") == std::string::npos) return {};
  return fail(Error{Code::invalid}.with_slug(slug::truncated_file).with_cause(warning));
}

std::unexpected<Error> decoder_says() {
  auto cause = std::string{vips_error_buffer()};
  vips_error_clear();
  auto const words = to_lower(cause);
  auto const about = [&](std::string_view what) { return words.find(what) != words.npos; };
  auto const slug = [&] {
    if (about("out of memory") || about("unable to allocate") || about("bad alloc") || about("memory limit"))
      return slug::decoder_limit;
    if (about("premature") || about("truncated") || about("unexpected end") || about("end of file") ||
        about("not enough data") || about("eof") || about("read past"))
      return slug::truncated_file;
    return slug::corrupt_file;
  }();
  return fail(Error{Code::invalid}.with_slug(slug).with_cause(cause.substr(0, 500)));
}

Result<void> check_size(VipsImage* image, std::string_view type) {
  auto const frames = vips_image_get_n_pages(image);
  auto const many = type == "image/tiff" ? slug::too_many_pages : slug::too_many_frames;
  if (frames > (type == "image/tiff" ? limits::pages_max : limits::frames_max))
    return fail(Error{Code::invalid}.with_slug(many));
  auto const pixels = std::int64_t{image->Xsize} * vips_image_get_page_height(image);
  if (pixels > limits::pixels_max) return fail(Error{Code::invalid}.with_slug(slug::too_many_pixels));
  return {};
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

Result<Image> small_from_file(std::string_view bytes, std::string_view type, VipsImage* header, int edge) {
  // Without a profile of its own a picture is sRGB already; the way through a profile costs a fifth.
  auto const* const profile = vips_image_get_typeof(header, VIPS_META_ICC_NAME) != 0 ? "srgb" : nullptr;
  auto* const data = const_cast<char*>(bytes.data());  // libvips only reads it
  VipsImage* small = nullptr;
  if (type != "image/jpeg") {
    if (vips_thumbnail_buffer(data, bytes.size(), &small, edge, "height", edge, "size", VIPS_SIZE_DOWN,
                              "export_profile", profile, "fail_on", VIPS_FAIL_ON_ERROR, nullptr) != 0)
      return decoder_says();
    return Image{small};
  }
  VipsImage* decoded = nullptr;
  if (vips_jpegload_buffer(data, bytes.size(), &decoded, "shrink", jpeg_shrink(header, edge), "access",
                           VIPS_ACCESS_SEQUENTIAL, "fail_on", VIPS_FAIL_ON_ERROR, nullptr) != 0)
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

Result<std::vector<Thumbnail>> make_thumbnails(std::string_view bytes, std::string_view type,
                                               VipsImage* header, std::span<int const> sizes) {
  TRY(auto small, small_from_file(bytes, type, header, sizes.front()));
  TRY(auto current, flat_copy(std::move(small)));
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

Result<MediaReport> read_picture(std::string_view bytes, std::string_view type, std::span<int const> sizes) {
  warning.clear();
  auto const header =
      Image{vips_image_new_from_buffer(bytes.data(), bytes.size(), "", "access", VIPS_ACCESS_SEQUENTIAL,
                                       "fail_on", VIPS_FAIL_ON_ERROR, nullptr)};
  if (!header) return decoder_says();
  CHECK(check_size(header.get(), type));
  auto report = MediaReport{.content_type = std::string{type}};
  auto const swapped = vips_image_get_orientation_swap(header.get()) != 0;
  auto const height = vips_image_get_page_height(header.get());
  report.width = swapped ? height : header->Xsize;
  report.height = swapped ? header->Xsize : height;
  if (auto const pages = vips_image_get_n_pages(header.get()); pages > 1) report.pages = pages;
  void const* exif = nullptr;
  auto length = std::size_t{0};
  if (vips_image_get_typeof(header.get(), VIPS_META_EXIF_NAME) != 0 &&
      vips_image_get_blob(header.get(), VIPS_META_EXIF_NAME, &exif, &length) == 0)
    read_exif({static_cast<char const*>(exif), length}, report);
  else if (type == "image/tiff")
    read_exif(exif_of_tiff(bytes), report);
  TRY(report.thumbnails, make_thumbnails(bytes, type, header.get(), sizes));
  CHECK(check_warning(type));
  return report;
}

}  // namespace hoist::vips
