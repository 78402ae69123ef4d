#include "uploads/usage.hpp"

#include "base/try.hpp"

namespace hoist::uploads {
namespace {

class RecordedUsage final : public TenantUsage {
 public:
  Result<Usage> usage(sql::Transaction& tx, TenantId const& tenant) override {
    TRY(auto const rows, tx.query("SELECT bytes, files FROM tenant_usage WHERE tenant = $1", {tenant.str()}));
    if (rows.empty()) return Usage{};
    return Usage{rows[0].integer(0), rows[0].integer(1)};
  }
};

}  // namespace

std::unique_ptr<TenantUsage> make_tenant_usage() {
  return std::make_unique<RecordedUsage>();
}

}  // namespace hoist::uploads
