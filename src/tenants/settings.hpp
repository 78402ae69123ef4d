// What operators set for callers, and for tenants without limits of their own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tenants/access_gate.hpp"
#include "tenants/issuer.hpp"
#include "tenants/tenant_table.hpp"

namespace hoist::tenants {

struct Settings {
  Issuer::Options issuer;
  AccessGate::Options rates;
  std::int64_t storage_bytes_max = default_storage_bytes_max;
  std::vector<std::string> types_allowed;
  std::vector<std::string> types_denied;
  bool allow_unscannable = false;
};

}  // namespace hoist::tenants
