#include "adapters/sql/queue.hpp"

#include <gtest/gtest.h>

#include "adapters/sqlite/testing.hpp"
#include "contract/queue_contract.hpp"

namespace hoist::contract {
namespace {

class SqlQueueHolder final : public QueueHolder {
 public:
  explicit SqlQueueHolder(testing::TestDatabase::Kind kind) : database_{kind} { open(); }
  Queue& queue() override { return *queue_; }
  Database& database() override { return *database_; }
  ManualClock& clock() override { return clock_; }
  void restart() override {
    queue_.reset();
    database_.reopen();
    open();
  }

 private:
  void open() { queue_ = sql::make_queue(*database_, clock_, database_.metrics(), {.seed = 1}); }

  ManualClock clock_;
  testing::TestDatabase database_;
  std::unique_ptr<Queue> queue_;
};

auto const sqlite_queue = QueueUnderTest{
    "Sqlite", [] { return std::make_unique<SqlQueueHolder>(testing::TestDatabase::Kind::fast); }};

INSTANTIATE_TEST_SUITE_P(Sqlite, QueueContract, ::testing::Values(sqlite_queue));

}  // namespace
}  // namespace hoist::contract
