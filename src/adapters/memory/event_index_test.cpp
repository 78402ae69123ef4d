#include "adapters/memory/event_index.hpp"

#include "contract/event_index_contract.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

using Kind = testing::TestDatabase::Kind;

// Its transactions are SQLite's, with nothing in them.
class MemoryIndexHolder final : public EventIndexHolder {
 public:
  explicit MemoryIndexHolder(Kind kind) : database_{kind} {}
  EventIndex& index() override { return index_; }
  Result<void> write(std::function<Result<void>(sql::Transaction&)> work) override {
    return testing::write_now(*database_, std::move(work));
  }
  void restart() override {}  // memory is all it has

 private:
  testing::TestDatabase database_;
  memory::EventIndex index_;
};

EventIndexUnderTest over(std::string name, Kind kind) {
  return {std::move(name), [kind] { return std::make_unique<MemoryIndexHolder>(kind); }};
}

INSTANTIATE_TEST_SUITE_P(Memory, EventIndexContract,
                         ::testing::Values(over("Threads", Kind::fast), over("Inline", Kind::inline_)),
                         [](auto const& info) { return info.param.name; });

}  // namespace
}  // namespace hoist::contract
