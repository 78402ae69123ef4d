// Network addresses as limits see them.
#pragma once

#include <string>
#include <string_view>

namespace hoist::net {

// What an address counts as: itself, or the /64 of an IPv6 address, which is what one customer of a
// provider has.
[[nodiscard]] std::string address_group(std::string_view address);

}  // namespace hoist::net
