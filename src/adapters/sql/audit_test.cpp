#include "contract/audit_contract.hpp"

namespace hoist::sql_engine {
namespace {

using Kind = hoist::testing::TestDatabase::Kind;

INSTANTIATE_TEST_SUITE_P(Sqlite, AuditLogTest, ::testing::Values(Kind::inline_, Kind::two));

}  // namespace
}  // namespace hoist::sql_engine
