// The ETag of an object made of parts.
#pragma once

#include <string>
#include <vector>

#include "ports/multiparts.hpp"

namespace hoist {

// The hash of the parts' digests with their number behind it: MD5 when every part's ETag is one, as S3
// has it, otherwise SHA-256.
[[nodiscard]] std::string etag_of_parts(std::vector<PartInfo> const& parts);

}  // namespace hoist
