#include "contract/idempotency_contract.hpp"

namespace hoist {
namespace {

using Kind = testing::TestDatabase::Kind;

INSTANTIATE_TEST_SUITE_P(Sqlite, SqlIdempotencyTest, ::testing::Values(Kind::inline_, Kind::two));

}  // namespace
}  // namespace hoist
