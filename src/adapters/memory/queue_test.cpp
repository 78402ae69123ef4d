#include "adapters/memory/queue.hpp"

#include <gtest/gtest.h>

#include "contract/queue_contract.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

class MemoryQueueHolder final : public HolderOf<memory::MemoryQueue> {
 public:
  memory::MemoryQueue& queue() override { return queue_; }
  sql::Database& database() override { return *database_; }
  ManualClock& clock() override { return clock_; }
  void restart() override {}  // memory is all it has

 private:
  ManualClock clock_;
  testing::TestDatabase database_ = testing::inline_database();
  memory::MemoryQueue queue_{clock_, *database_};
};

auto const memory_queue = QueueUnderTest{"Memory", [] { return std::make_unique<MemoryQueueHolder>(); }};

INSTANTIATE_TEST_SUITE_P(Memory, ConsumerContract, ::testing::Values(memory_queue));
INSTANTIATE_TEST_SUITE_P(Memory, DeadLettersContract, ::testing::Values(memory_queue));
INSTANTIATE_TEST_SUITE_P(Memory, LifecycleContract, ::testing::Values(memory_queue));
INSTANTIATE_TEST_SUITE_P(Memory, OutboxContract, ::testing::Values(memory_queue));
INSTANTIATE_TEST_SUITE_P(Memory, QueueUpkeepContract, ::testing::Values(memory_queue));

}  // namespace
}  // namespace hoist::contract

namespace hoist {
namespace {

using namespace std::chrono_literals;

struct MemoryQueueTest : ::testing::Test {
  ManualClock clock;
  testing::TestDatabase database = testing::inline_database();
  memory::MemoryQueue queue{clock, *database};

  Result<std::vector<Message>> receive() {
    return run_to_end<std::vector<Message>>([&] { return queue.receive({.queue = "q"}, deadline_in(10s)); });
  }
  void send(std::string body) {
    ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto const sent = queue.send_one(tx, {"q", TenantId{"acme"}, "g", body, {}, Micros{0}});
      return sent ? Result<void>{} : std::unexpected{sent.error()};
    }));
  }
};

TEST_F(MemoryQueueTest, WhileUnavailableNothingIsDone) {
  send("1");
  queue.faults.unavailable = true;
  ASSERT_FALSE(receive().has_value());
  queue.faults.unavailable = false;
  EXPECT_EQ(receive()->at(0).receipt.attempt, 1);
}

TEST_F(MemoryQueueTest, ALostAnswerMeansTheWorkWasDone) {
  send("1");
  queue.faults.lose_answers = true;
  ASSERT_FALSE(receive().has_value());
  queue.faults.lose_answers = false;
  EXPECT_TRUE(receive()->empty());
  clock.advance(30s);
  EXPECT_EQ(receive()->at(0).receipt.attempt, 2);
}

TEST_F(MemoryQueueTest, PoliciesThatNeedAJointConsumerAreRefusedAtStart) {
  for (auto const on_dead : {OnDead::block, OnDead::park_group}) {
    auto const declared = queue.declare("q", {.on_dead = on_dead});
    ASSERT_FALSE(declared.has_value());
    EXPECT_EQ(declared.error().code(), Code::invalid);
  }
  EXPECT_TRUE(queue.declare("q", {}).has_value());
}

}  // namespace
}  // namespace hoist
