// Lower case of UTF-8 text in any script, for comparing names as people do.
#pragma once

#include <string>
#include <string_view>

namespace hoist {

// `text` is well-formed; bytes that are not stay as they are.
[[nodiscard]] std::string fold_case(std::string_view text);

}  // namespace hoist
