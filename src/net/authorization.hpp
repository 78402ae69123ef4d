// What an Authorization field shows.
//
// Source   RFC 9110 section 11.4: the scheme in any case, a space, the credentials.
#pragma once

#include <optional>
#include <string_view>

namespace hoist::net {

// What follows `scheme`, such as "Bearer"; nothing where the field is of another one or shows none.
[[nodiscard]] std::optional<std::string_view> credentials_of(std::string_view field, std::string_view scheme);

}  // namespace hoist::net
