// What can be found wrong with settings only by those who use them: files that are read, addresses
// that are refused. Asked before anything is made or changed.
#pragma once

#include <cstdint>
#include <set>

#include "hosts/config.hpp"

namespace hoist::hosts {

// Of the listeners, as they are set; one that the system is to choose is not among them.
[[nodiscard]] std::set<std::uint16_t> configured_ports(Config const& config);

// Errors: invalid, naming the setting.
[[nodiscard]] Result<void> check_settings(Config const& config);

}  // namespace hoist::hosts
