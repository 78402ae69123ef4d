#include "adapters/vips/heif.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <libheif/heif.h>
#include <vector>

#include "adapters/vips/slugs.hpp"
#include "base/try.hpp"

namespace hoist::vips {
namespace {

using Decoded = std::shared_ptr<heif_image>;

std::unexpected<Error> libheif_says(heif_error const& error) {
  auto const unknown = error.code == heif_error_Unsupported_feature ||
                       error.code == heif_error_Unsupported_filetype ||
                       error.code == heif_error_Plugin_loading_error;
  if (unknown) return fail(Error{Code::invalid}.with_slug(slug::unsupported_type).with_cause(error.message));
  return no_picture(error.message);
}

// Colours as the file has them: without a conversion that would need the whole picture again.
Result<Decoded> decode(heif_image_handle const* photo) {
  auto const options = std::unique_ptr<heif_decoding_options, void (*)(heif_decoding_options*)>{
      heif_decoding_options_alloc(), heif_decoding_options_free};
  heif_image* image = nullptr;
  auto const error =
      heif_decode_image(photo, &image, heif_colorspace_undefined, heif_chroma_undefined, options.get());
  if (error.code != heif_error_Ok) return libheif_says(error);
  return Decoded{image, [](heif_image const* decoded) { heif_image_release(decoded); }};
}

// One plane of the picture, as it lies in memory, made `width` x `height` of 8-bit range.
Result<Image> small_plane(heif_image const* image, heif_channel channel, int width, int height) {
  auto stride = 0;
  auto const* const data = heif_image_get_plane_readonly(image, channel, &stride);
  auto const full_width = heif_image_get_width(image, channel);
  auto const full_height = heif_image_get_height(image, channel);
  if (data == nullptr || full_width < 1 || full_height < 1) return no_picture("a plane is missing");
  auto const bits = heif_image_get_bits_per_pixel_range(image, channel);
  auto const bytes = bits > 8 ? 2 : 1;
  VipsImage* out = nullptr;
  auto* const memory =
      vips_image_new_from_memory(data, std::size_t(stride) * std::size_t(full_height), stride / bytes,
                                 full_height, 1, bytes == 2 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
  if (memory == nullptr) return decoder_says();
  auto plane = Image{memory};
  if (vips_crop(plane.get(), &out, 0, 0, full_width, full_height, nullptr) != 0) return decoder_says();
  plane.reset(out);
  if (vips_resize(plane.get(), &out, double(width) / full_width, "vscale", double(height) / full_height,
                  "kernel", VIPS_KERNEL_LINEAR, "gap", 1.0, nullptr) != 0)
    return decoder_says();
  plane.reset(out);
  if (vips_linear1(plane.get(), &out, std::ldexp(1.0, 8 - bits), 0, nullptr) != 0) return decoder_says();
  plane.reset(out);
  // Now small: read at once, so that what it is made from can go.
  auto* const copy = vips_image_copy_memory(plane.get());
  if (copy == nullptr) return decoder_says();
  return Image{copy};
}

struct Colours {
  bool full_range = true;
  int matrix = heif_matrix_coefficients_ITU_R_BT_601_6;
};

Colours colours_of(heif_image const* image, heif_image_handle const* photo) {
  auto colours = Colours{};
  heif_color_profile_nclx* profile = nullptr;
  if (heif_image_get_nclx_color_profile(image, &profile).code != heif_error_Ok)
    heif_image_handle_get_nclx_color_profile(photo, &profile);
  if (profile == nullptr) return colours;
  colours.full_range = profile->full_range_flag != 0;
  colours.matrix = profile->matrix_coefficients;
  heif_nclx_color_profile_free(profile);
  return colours;
}

// Shares of red and blue in the brightness. Source: ITU-T H.273 table 4.
std::array<double, 2> shares(int matrix) {
  switch (matrix) {
    case heif_matrix_coefficients_ITU_R_BT_709_5: return {0.2126, 0.0722};
    case heif_matrix_coefficients_US_FCC_T47: return {0.30, 0.11};
    case heif_matrix_coefficients_SMPTE_240M: return {0.212, 0.087};
    case heif_matrix_coefficients_ITU_R_BT_2020_2_non_constant_luminance: return {0.2627, 0.0593};
    default: return {0.299, 0.114};
  }
}

Result<Image> ycc_to_rgb(Image ycc, Colours colours) {
  auto const black = colours.full_range ? 0.0 : 16.0;
  auto const luma = colours.full_range ? 1.0 : 255.0 / 219;
  auto const chroma = colours.full_range ? 1.0 : 255.0 / 224;
  auto const [red, blue] = shares(colours.matrix);
  auto const green = 1 - red - blue;
  auto const matrix = std::array{luma,
                                 0.0,
                                 2 * (1 - red) * chroma,
                                 luma,
                                 -2 * blue * (1 - blue) / green * chroma,
                                 -2 * red * (1 - red) / green * chroma,
                                 luma,
                                 2 * (1 - blue) * chroma,
                                 0.0};
  auto const identity = std::array{0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 0.0};
  auto const as_it_is = colours.matrix == heif_matrix_coefficients_RGB_GBR;
  auto factors = std::array{1.0, 1.0, 1.0};
  auto offsets = as_it_is ? std::array{0.0, 0.0, 0.0} : std::array{-black, -128.0, -128.0};
  VipsImage* out = nullptr;
  if (vips_linear(ycc.get(), &out, factors.data(), offsets.data(), 3, nullptr) != 0) return decoder_says();
  auto centred = Image{out};
  auto const& used = as_it_is ? identity : matrix;
  auto const weights =
      Image{vips_image_new_matrix_from_array(3, 3, used.data(), static_cast<int>(used.size()))};
  if (vips_recomb(centred.get(), &out, weights.get(), nullptr) != 0) return decoder_says();
  return Image{out};
}

Result<Image> join(std::vector<Image> const& planes) {
  auto raw = std::vector<VipsImage*>{};
  for (auto const& plane : planes) raw.push_back(plane.get());
  VipsImage* out = nullptr;
  if (vips_bandjoin(raw.data(), &out, static_cast<int>(raw.size()), nullptr) != 0) return decoder_says();
  return Image{out};
}

Result<Image> rgb_of(heif_image const* image, heif_image_handle const* photo, int width, int height) {
  auto const space = heif_image_get_colorspace(image);
  if (space == heif_colorspace_monochrome) return small_plane(image, heif_channel_Y, width, height);
  auto const coloured = space == heif_colorspace_RGB;
  auto const channels = coloured ? std::array{heif_channel_R, heif_channel_G, heif_channel_B}
                                 : std::array{heif_channel_Y, heif_channel_Cb, heif_channel_Cr};
  auto planes = std::vector<Image>{};
  for (auto const channel : channels) {
    TRY(auto plane, small_plane(image, channel, width, height));
    planes.push_back(std::move(plane));
  }
  TRY(auto joined, join(planes));
  if (coloured) return joined;
  return ycc_to_rgb(std::move(joined), colours_of(image, photo));
}

// Eight bits, tagged for what they are.
Result<Image> finished(Image image) {
  VipsImage* out = nullptr;
  if (vips_cast_uchar(image.get(), &out, nullptr) != 0) return decoder_says();
  image.reset(out);
  auto const meaning = image->Bands < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB;
  if (vips_copy(image.get(), &out, "interpretation", meaning, nullptr) != 0) return decoder_says();
  return Image{out};
}

void add_profile(VipsImage* image, heif_image_handle const* photo) {
  auto const size = heif_image_handle_get_raw_color_profile_size(photo);
  if (size == 0 || image->Bands < 3) return;
  auto profile = std::vector<char>(size);
  if (heif_image_handle_get_raw_color_profile(photo, profile.data()).code == heif_error_Ok)
    vips_image_set_blob_copy(image, VIPS_META_ICC_NAME, profile.data(), size);
}

Result<Image> small_picture(heif_image_handle const* photo, int edge) {
  TRY(auto const image, decode(photo));
  auto const full_width = heif_image_get_primary_width(image.get());
  auto const full_height = heif_image_get_primary_height(image.get());
  auto const scale = std::min(1.0, double(edge) / std::max(full_width, full_height));
  auto const width = std::max(1, static_cast<int>(std::lround(full_width * scale)));
  auto const height = std::max(1, static_cast<int>(std::lround(full_height * scale)));
  TRY(auto colours, rgb_of(image.get(), photo, width, height));
  if (heif_image_has_channel(image.get(), heif_channel_Alpha) != 0) {
    auto planes = std::vector<Image>{};
    planes.push_back(std::move(colours));
    TRY(auto alpha, small_plane(image.get(), heif_channel_Alpha, width, height));
    planes.push_back(std::move(alpha));
    TRY(colours, join(planes));
  }
  TRY(auto small, finished(std::move(colours)));
  add_profile(small.get(), photo);
  return small;
}

}  // namespace

Result<HeifFile> HeifFile::open(std::string_view bytes) {
  auto file = HeifFile{};
  file.context_ = {heif_context_alloc(), heif_context_free};
  heif_context_set_max_decoding_threads(file.context_.get(), 0);
  auto error =
      heif_context_read_from_memory_without_copy(file.context_.get(), bytes.data(), bytes.size(), nullptr);
  if (error.code != heif_error_Ok) return libheif_says(error);
  heif_image_handle* photo = nullptr;
  error = heif_context_get_primary_image_handle(file.context_.get(), &photo);
  if (error.code != heif_error_Ok) return libheif_says(error);
  file.photo_ = {photo, [](heif_image_handle const* handle) { heif_image_handle_release(handle); }};
  return file;
}

int HeifFile::width() const {
  return heif_image_handle_get_width(photo_.get());
}

int HeifFile::height() const {
  return heif_image_handle_get_height(photo_.get());
}

int HeifFile::images() const {
  return heif_context_get_number_of_top_level_images(context_.get());
}

std::string HeifFile::exif() const {
  auto id = heif_item_id{};
  if (heif_image_handle_get_list_of_metadata_block_IDs(photo_.get(), "Exif", &id, 1) < 1) return {};
  auto block = std::string(heif_image_handle_get_metadata_size(photo_.get(), id), '\0');
  if (block.size() < 4 ||
      heif_image_handle_get_metadata(photo_.get(), id, block.data()).code != heif_error_Ok)
    return {};
  // Where the TIFF header begins, counted from behind this number. Source: ISO/IEC 23008-12 A.2.1.
  auto skip = std::size_t{0};
  for (auto i = std::size_t{0}; i < 4; ++i) skip = skip << 8 | static_cast<unsigned char>(block[i]);
  return skip < block.size() - 4 ? block.substr(4 + skip) : std::string{};
}

Result<Image> HeifFile::small(int edge) const {
  return small_picture(photo_.get(), edge);
}

Result<Image> HeifFile::embedded(int edge) const {
  auto id = heif_item_id{};
  if (heif_image_handle_get_list_of_thumbnail_IDs(photo_.get(), &id, 1) < 1)
    return no_picture("no picture beside the photo");
  heif_image_handle* handle = nullptr;
  auto const error = heif_image_handle_get_thumbnail(photo_.get(), id, &handle);
  if (error.code != heif_error_Ok) return libheif_says(error);
  auto const owned = std::unique_ptr<heif_image_handle, void (*)(heif_image_handle const*)>{
      handle, heif_image_handle_release};
  return small_picture(handle, edge);
}

}  // namespace hoist::vips
