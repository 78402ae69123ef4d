// `hoist doctor --recover`: makes lost rows again from the stored files.
#pragma once

#include <string>

#include "base/error.hpp"

namespace hoist::bin {

// With no server on the folder. `bucket` is the one of uploads. Says what it does on standard output.
[[nodiscard]] Result<void> recover(std::string const& folder, std::string const& bucket);

}  // namespace hoist::bin
