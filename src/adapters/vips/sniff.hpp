// What a file is, by its content, and whether that is what it was said to be.
// Threads  one: the libmagic database belongs to its thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist::vips {

class Sniffer {
 public:
  [[nodiscard]] static Result<Sniffer> open();  // reads the libmagic database
  // A media type, "application/octet-stream" when unknown.
  [[nodiscard]] std::string type_of(std::string_view content) const;

 private:
  explicit Sniffer(std::shared_ptr<void> magic) : magic_{std::move(magic)} {}
  std::shared_ptr<void> magic_;
};

// Lower case, without parameters, aliases resolved: "image/jpg" is "image/jpeg".
[[nodiscard]] std::string canonical_type(std::string_view declared);
[[nodiscard]] bool has_picture(std::string_view type);  // an image type we decode
[[nodiscard]] bool is_heif(std::string_view type);
[[nodiscard]] bool is_raw(std::string_view type);  // sensor data with a photo inside
// Of the two, the one to decode a file as; empty when it has no picture.
[[nodiscard]] std::string_view picture_type(std::string_view settled, std::string_view content);
[[nodiscard]] bool contradicts(std::string_view declared, std::string_view content);
// The more specific of the two, once they do not contradict each other.
[[nodiscard]] std::string settled_type(std::string_view declared, std::string_view content);

}  // namespace hoist::vips
