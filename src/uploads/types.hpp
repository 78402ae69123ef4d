// Which files a tenant takes: asked when an upload is granted and again when it
// is known what arrived.
#pragma once

#include "ports/tenant_limits.hpp"
#include "uploads/upload.hpp"

namespace hoist::uploads {

// Is `type` one that the tenant takes, or none at all?
[[nodiscard]] bool takes_type(TenantLimits const& limits, Upload const& upload, std::string_view type);
// By content, as processing found it; empty: not known.
[[nodiscard]] std::string found_type(Upload const& upload);
// The sentence for the user.
[[nodiscard]] std::string refusal_of_type(Upload const& upload);

}  // namespace hoist::uploads
