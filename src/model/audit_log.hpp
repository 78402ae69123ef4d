// The name under which a tenant's audit trail is kept as an event log. No tenant can have such a name.
#pragma once

#include <string_view>

#include "model/ids.hpp"

namespace hoist {

inline constexpr auto audit_log_ending = std::string_view{"#audit"};

[[nodiscard]] inline TenantId audit_log_of(TenantId const& tenant) {
  return TenantId{std::string{tenant.str()}.append(audit_log_ending)};
}
[[nodiscard]] inline bool is_audit_log(TenantId const& log) {
  return log.str().ends_with(audit_log_ending);
}

}  // namespace hoist
