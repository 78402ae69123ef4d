// How much a tenant keeps now: what its uploads hold of the quota, reservations included.
#pragma once

#include <cstdint>

#include "sql/database.hpp"

namespace hoist {

struct Usage {
  std::int64_t bytes = 0;
  std::int64_t files = 0;
};

class TenantUsage {
 public:
  virtual ~TenantUsage() = default;
  virtual Result<Usage> usage(sql::Transaction& tx, TenantId const& tenant) = 0;
};

}  // namespace hoist
