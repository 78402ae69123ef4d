#include "uploads/types.hpp"

#include "base/assert.hpp"

namespace hoist::uploads {

bool takes_type(TenantLimits const& limits, Upload const& upload, std::string_view type) {
  return !limits.types || type.empty() || limits.types->take(upload.filename, type);
}

std::string found_type(Upload const& upload) {
  if (upload.media.empty()) return {};
  auto const media = parse_json(upload.media);
  HOIST_ASSERT(media && media->is_object());  // we wrote it
  auto const& type = media->get_object().at("content_type").as_string();
  return {type.data(), type.size()};
}

std::string refusal_of_type(Upload const& upload) {
  auto const found = found_type(upload);
  auto const& type = found.empty() ? upload.content_type : found;
  return hoist::refusal_of_type(upload.filename, type);
}

}  // namespace hoist::uploads
