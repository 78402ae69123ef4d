// What a tenant's uploads hold of its quota, for those parts that show it.
#pragma once

#include <memory>

#include "ports/tenant_usage.hpp"

namespace hoist::uploads {

[[nodiscard]] std::unique_ptr<TenantUsage> make_tenant_usage();

}  // namespace hoist::uploads
