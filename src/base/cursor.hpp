// Where a list goes on: opaque to callers, and bound to the tenant and the filters it was made for.
// Errors   invalid for anything that was not made here for exactly this list.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist {

[[nodiscard]] std::string make_cursor(std::string_view secret, std::string_view scope,
                                      std::string_view position);
[[nodiscard]] Result<std::string> read_cursor(std::string_view secret, std::string_view scope,
                                              std::string_view cursor);

}  // namespace hoist
