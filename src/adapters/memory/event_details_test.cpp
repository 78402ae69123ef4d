#include "adapters/memory/event_details.hpp"

#include "contract/event_details_contract.hpp"

namespace hoist::contract {
namespace {

class MemoryDetailsHolder final : public EventDetailsHolder {
 public:
  EventDetails& details() override { return details_; }
  void restart() override {}

 private:
  memory::EventDetails details_;
};

auto const memory_details =
    EventDetailsUnderTest{"Memory", [] { return std::make_unique<MemoryDetailsHolder>(); }};

INSTANTIATE_TEST_SUITE_P(Memory, EventDetailsContract, ::testing::Values(memory_details));

}  // namespace
}  // namespace hoist::contract
