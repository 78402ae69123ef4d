#include "adapters/vips/slugs.hpp"

#include <fmt/format.h>

#include "adapters/vips/limits.hpp"

namespace hoist::vips {
Error refusal(std::string_view slug, std::string_view declared_type, std::string_view content_type,
              std::string cause) {
  auto const make = [&](std::string_view literal, std::string message) {
    return Error{Code::invalid, std::move(message)}.with_slug(literal).with_cause(std::move(cause));
  };
  if (slug == slug::truncated_file)
    return make(slug::corrupt_file,
                "The file ends too early: part of it is missing. Upload it again from the original.");
  if (slug == slug::corrupt_file)
    return make(slug::corrupt_file,
                "The file is damaged and cannot be read. Upload it again from the original.");
  if (slug == slug::type_mismatch)
    return make(
        slug::type_mismatch,
        fmt::format("The file was declared as {} but its content is {}. Upload it with its real type.",
                    declared_type,
                    content_type == "application/octet-stream" ? "something else" : content_type));
  if (slug == slug::too_many_pixels)
    return make(slug::too_many_pixels,
                fmt::format("The picture has more than {} million pixels. Make it smaller.",
                            limits::pixels_max / 1'000'000));
  if (slug == slug::too_many_frames)
    return make(slug::too_many_frames,
                fmt::format("The animation has more than {} frames.", limits::frames_max));
  if (slug == slug::too_many_pages)
    return make(slug::too_many_pages,
                fmt::format("The document has more than {} pages. Split it.", limits::pages_max));
  if (slug == slug::decoder_limit)
    return make(slug::decoder_limit, "Reading the file takes more memory or time than a file may take.");
  return make(slug::decoder_crashed, "The file made its decoder fail. Save it again with another program.");
}

}  // namespace hoist::vips
