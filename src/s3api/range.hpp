// One range of bytes, as a Range header asks for it.
// Source   RFC 9110 section 14.2: what is not understood is ignored, and so are several ranges.
#pragma once

#include <optional>
#include <string_view>

#include "ports/object_store.hpp"

namespace hoist::s3api {

// The range inside an object of `size` bytes; empty when the header is to be ignored.
// Errors: range_unsatisfiable.
[[nodiscard]] Result<std::optional<ByteRange>> parse_range(std::string_view header, std::int64_t size);

}  // namespace hoist::s3api
