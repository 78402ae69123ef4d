// Where a list goes on: opaque, bound to the tenant and the filters it was made for.
// Errors   invalid for anything we did not make for exactly this list.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist::uploads {

[[nodiscard]] std::string make_cursor(std::string_view secret, std::string_view scope, std::string_view id);
[[nodiscard]] Result<std::string> read_cursor(std::string_view secret, std::string_view scope,
                                              std::string_view cursor);

}  // namespace hoist::uploads
