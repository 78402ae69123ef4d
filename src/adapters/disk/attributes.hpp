// The part of an object that SQL never looks into, as one JSON text.
#pragma once

#include <string>

#include "ports/object_store.hpp"

namespace hoist::disk {

struct Attributes {
  StringMap metadata;
  StringMap headers;
  StringMap checksums;
  StringMap tags;
};

[[nodiscard]] std::string to_text(Attributes const& attributes);  // empty when there are none
// Errors: corrupt for text that to_text() never wrote.
[[nodiscard]] Result<Attributes> parse_attributes(std::string const& text);

}  // namespace hoist::disk
