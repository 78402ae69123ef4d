#include "adapters/memory/queue.hpp"

#include <gtest/gtest.h>

#include "adapters/sqlite/testing.hpp"
#include "contract/queue_contract.hpp"

namespace hoist::contract {
namespace {

class MemoryQueueHolder final : public QueueHolder {
 public:
  Queue& queue() override { return queue_; }
  sql::Database& database() override { return *database_; }
  ManualClock& clock() override { return clock_; }
  void restart() override {}  // memory is all it has

 private:
  ManualClock clock_;
  testing::TestDatabase database_ = testing::inline_database();
  memory::MemoryQueue queue_{clock_};
};

auto const memory_queue = QueueUnderTest{"Memory", [] { return std::make_unique<MemoryQueueHolder>(); }};

INSTANTIATE_TEST_SUITE_P(Memory, QueueContract, ::testing::Values(memory_queue));

}  // namespace
}  // namespace hoist::contract

namespace hoist {
namespace {

using namespace std::chrono_literals;

struct MemoryQueueTest : ::testing::Test {
  ManualClock clock;
  testing::TestDatabase database = testing::inline_database();
  memory::MemoryQueue queue{clock};

  Result<std::vector<Message>> receive() {
    return run_to_end<std::vector<Message>>([&] { return queue.receive({.queue = "q"}, deadline_in(10s)); });
  }
  void send(std::string body) {
    ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto const sent = queue.send(tx, {"q", TenantId{"acme"}, "g", body, {}, Micros{0}});
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

}  // namespace
}  // namespace hoist
