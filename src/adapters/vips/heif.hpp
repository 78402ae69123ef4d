// HEIC and AVIF, with libheif itself: libvips would decode a photo on four threads and into RGB, which
// takes three times the memory. Here one thread decodes, and the planes are made small before they
// become RGB.
// Threads  one.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "adapters/vips/image.hpp"
#include "base/error.hpp"

struct heif_context;
struct heif_image_handle;

namespace hoist::vips {

class HeifFile {
 public:
  // `bytes` stay the caller's and must outlive it. Errors: invalid with a reason of slugs.hpp.
  [[nodiscard]] static Result<HeifFile> open(std::string_view bytes);

  [[nodiscard]] int width() const;  // as displayed
  [[nodiscard]] int height() const;
  [[nodiscard]] int images() const;
  [[nodiscard]] std::string exif() const;  // empty: none
  // With a longest edge of at most `edge`, and the camera's colour profile. Errors: as open().
  [[nodiscard]] Result<Image> small(int edge) const;
  // The same of the small picture that cameras put beside the photo.
  [[nodiscard]] Result<Image> embedded(int edge) const;

 private:
  HeifFile() = default;
  std::shared_ptr<heif_context> context_;
  std::shared_ptr<heif_image_handle> photo_;
};

}  // namespace hoist::vips
