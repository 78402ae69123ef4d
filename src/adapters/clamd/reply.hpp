// What clamd says, as text in and a verdict out.
#pragma once

#include <string_view>

#include "ports/scanner.hpp"

namespace hoist::clamd {

// Without the final NUL. Errors: too_large (over a limit of clamd), unavailable (anything that is
// not a verdict).
[[nodiscard]] Result<ScanReport> parse_verdict(std::string_view reply);
// "ClamAV 1.4.6/27000/Thu Nov 19 ..." into engine and signatures. Errors: unavailable.
[[nodiscard]] Result<void> parse_version(std::string_view reply, ScanReport& report);

}  // namespace hoist::clamd
