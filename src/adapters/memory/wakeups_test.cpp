#include "adapters/memory/wakeups.hpp"

#include "contract/wakeups_contract.hpp"

namespace hoist::contract {
namespace {

INSTANTIATE_TEST_SUITE_P(Memory, WakeupsContract,
                         ::testing::Values([] { return std::make_unique<memory::Wakeups>(); }));

}  // namespace
}  // namespace hoist::contract
