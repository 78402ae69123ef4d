// What can be found wrong with settings only by those who use them: files that are read, addresses
// that are refused. Asked before anything is made or changed.
#pragma once

#include "app/config.hpp"

namespace hoist::app {

// Errors: invalid, naming the setting.
[[nodiscard]] Result<void> check_settings(Config const& config);

}  // namespace hoist::app
