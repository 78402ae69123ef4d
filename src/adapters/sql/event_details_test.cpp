#include "adapters/sql/event_details.hpp"

#include <gtest/gtest.h>

#include "contract/event_details_contract.hpp"
#include "contract/sql_details_holder.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

using Kind = testing::TestDatabase::Kind;

INSTANTIATE_TEST_SUITE_P(Sqlite, EventDetailsContract,
                         ::testing::Values(details_on("One", Kind::file), details_on("Two", Kind::two)),
                         [](auto const& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::contract
