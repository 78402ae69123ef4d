// Small files that only their user can read: keys, credentials, marks.
//
// Threads  any; two that write one file at once are kept apart by their callers.
// Errors   storage_full, unavailable.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist {

// Replaces the file as a whole, so that no reader and no crash ever sees half of it. On disk when it returns.
[[nodiscard]] Result<void> write_secret_file(std::string const& path, std::string_view content);
// Errors: not_found; invalid when others could read it.
[[nodiscard]] Result<std::string> read_secret_file(std::string const& path);

}  // namespace hoist
