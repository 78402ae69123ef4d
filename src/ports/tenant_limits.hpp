// What a tenant may use. Read inside the transaction that reserves, so a lowered limit holds at once.
// Errors   not_found: no such tenant.
#pragma once

#include <cstdint>
#include <memory>

#include "model/file_types.hpp"
#include "sql/database.hpp"

namespace hoist {

struct TenantLimits {
  std::int64_t storage_bytes_max = INT64_MAX;
  std::int64_t files_max = INT64_MAX;
  std::shared_ptr<FileTypes const> types;  // null: every type
  bool allow_unscannable = false;          // files that the virus scanner cannot look into: encrypted ones
};

class TenantLimitsSource {
 public:
  virtual ~TenantLimitsSource() = default;
  virtual Result<TenantLimits> limits(sql::Transaction& tx, TenantId const& tenant) = 0;
};

}  // namespace hoist
