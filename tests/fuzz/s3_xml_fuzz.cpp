// Any bytes as an XML body: refused or bounded, and what is written can be read.
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "base/encode.hpp"
#include "s3api/xml.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace hoist::s3api;
  auto const text = std::string_view{reinterpret_cast<char const*>(data), size};
  for (auto const* root : {"Delete", "CompleteMultipartUpload", "Tagging"})
    if (auto const document = parse_xml(text, root)) {
      auto depth = 0;
      for (auto node = (*document)->document_element(); node; node = node.first_child()) ++depth;
      HOIST_ASSERT(depth <= xml_depth_max + 1);  // and the text inside
    }
  auto const printable = text.find_first_of(std::string_view{"\0\r", 2}) == text.npos && hoist::is_utf8(text);
  if (!printable || text.empty() || text.find_first_not_of(" \n\t") == text.npos) return 0;
  auto writer = XmlWriter{"Tagging"};
  writer.text("Key", text);
  auto const back = parse_xml(std::move(writer).finish(), "Tagging");
  HOIST_ASSERT(back && (*back)->document_element().child_value("Key") == text);
  return 0;
}
