// Where a webhook may go: nowhere inside, unless the operator says so.
// Source  threats W1-W4; RFC 6890 (special-purpose addresses), RFC 6052 (NAT64).
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist::tasks {

// A unicast address of the public Internet; false for everything else, text that is no address too.
[[nodiscard]] bool is_public_address(std::string_view address);

struct TargetRules {
  bool allow_private = false;             // for receivers on this machine or network
  std::set<std::uint16_t> ports_refused;  // our own
};

// Refuses what can be refused without asking a resolver: other schemes, user names, odd spellings of
// addresses, private ones, ports of services that are no web servers. The addresses a name resolves
// to are vetted when connecting. Errors: invalid, in words.
[[nodiscard]] Result<void> check_webhook_url(std::string_view url, TargetRules const& rules);

}  // namespace hoist::tasks
