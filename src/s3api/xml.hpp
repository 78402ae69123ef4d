// XML of the S3 protocol: written by hand, read with pugixml behind strict limits.
//
// Bounds   documents of xml_bytes_max, xml_depth_max elements deep; no document types, so no
//          entities of anybody's making.
// Errors   MalformedXML.
#pragma once

#include <pugixml.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist::s3api {

inline constexpr std::size_t xml_bytes_max = 4 * 1024 * 1024;
inline constexpr int xml_depth_max = 8;

[[nodiscard]] std::string escape_xml(std::string_view text);

// In UTC and milliseconds, as the protocol writes times.
[[nodiscard]] std::string xml_time(Time time);

class XmlWriter {
 public:
  // The document element, in the protocol's name space.
  explicit XmlWriter(std::string_view root);
  XmlWriter& text(std::string_view name, std::string_view value);
  XmlWriter& number(std::string_view name, std::int64_t value);
  XmlWriter& boolean(std::string_view name, bool value) { return text(name, value ? "true" : "false"); }
  XmlWriter& open(std::string_view name);
  XmlWriter& close(std::string_view name);
  XmlWriter& raw(std::string_view xml);  // as it is; never of anybody's making
  [[nodiscard]] std::string finish() &&;

 private:
  std::string root_;
  std::string out_;
};

// The document element must be `root`. The document keeps its own copy of the text.
[[nodiscard]] Result<std::unique_ptr<pugi::xml_document>> parse_xml(std::string_view text,
                                                                    std::string_view root);

}  // namespace hoist::s3api
