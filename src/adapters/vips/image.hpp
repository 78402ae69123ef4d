// A libvips image and its end, and what its decoders say when they fail.
#pragma once

#include <vips/vips.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist::vips {

struct Unref {
  void operator()(VipsImage* image) const { g_object_unref(image); }
};
using Image = std::unique_ptr<VipsImage, Unref>;

// Invalid with the reason of slugs.hpp that a decoder's words mean.
[[nodiscard]] std::unexpected<Error> no_picture(std::string cause);
[[nodiscard]] std::unexpected<Error> decoder_says();  // what libvips has to say now

}  // namespace hoist::vips
