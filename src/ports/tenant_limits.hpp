// How much a tenant may keep, read in the transaction that decides by it.
// Errors   not_found: there is no such tenant, or it is being erased.
#pragma once

#include <cstdint>

#include "ports/database.hpp"

namespace hoist {

struct Limits {
  std::int64_t storage_bytes_max = 0;
  std::int64_t files_max = 0;
};

class TenantLimits {
 public:
  virtual ~TenantLimits() = default;
  virtual Result<Limits> limits(sql::Transaction& tx, TenantId const& tenant) = 0;
};

}  // namespace hoist
