#include "adapters/sql/queue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "contract/joint_consumer_contract.hpp"
#include "contract/queue_contract.hpp"
#include "contract/sql_queue_holder.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

auto const sqlite_queue = QueueUnderTest{
    "Sqlite", [] { return std::make_unique<SqlQueueHolder>(testing::TestDatabase::Kind::fast); }};
auto const two_queues =
    QueueUnderTest{"Two", [] { return std::make_unique<TwoSqlQueues>(testing::TestDatabase::Kind::two); }};

INSTANTIATE_TEST_SUITE_P(Sqlite, ConsumerContract, ::testing::Values(sqlite_queue, two_queues));
INSTANTIATE_TEST_SUITE_P(Sqlite, DeadLettersContract, ::testing::Values(sqlite_queue, two_queues));
INSTANTIATE_TEST_SUITE_P(Sqlite, JointConsumerContract, ::testing::Values(sqlite_queue, two_queues));
INSTANTIATE_TEST_SUITE_P(Sqlite, LifecycleContract, ::testing::Values(sqlite_queue, two_queues));
INSTANTIATE_TEST_SUITE_P(Sqlite, OutboxContract, ::testing::Values(sqlite_queue, two_queues));
INSTANTIATE_TEST_SUITE_P(Sqlite, QueueUpkeepContract, ::testing::Values(sqlite_queue, two_queues));

}  // namespace
}  // namespace hoist::contract

namespace hoist {
namespace {

using namespace std::chrono_literals;

struct SqlQueueTest : ::testing::Test {
  ManualClock clock;
  testing::TestDatabase database = testing::fresh_database(clock);
  std::unique_ptr<sql_engine::Queue> queue =
      sql_engine::make_queue(*database, database.wakeups(), database.metrics(), {.seed = 1});

  void send(std::string body) { ASSERT_TRUE(send_by(*queue, std::move(body))); }
  Result<void> send_by(Outbox& outbox, std::string body, std::string group = "g") {
    return testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      CHECK(outbox.send_one(tx, {"q", TenantId{"acme"}, group, body, {}, Micros{0}}));
      return {};
    });
  }
  std::vector<Message> receive(Micros visibility = 10s) {
    auto received = run_to_end<std::vector<Message>>(
        [&] { return queue->receive({.queue = "q", .visibility = visibility}, deadline_in(10s)); });
    EXPECT_TRUE(received.has_value());
    return std::move(*received);
  }
};

TEST_F(SqlQueueTest, S44_MetricsCountWhatHappenedAndMaintainShowsWhatIs) {
  send("1");
  send("2");
  auto const message = receive()[0];
  ASSERT_TRUE(
      run_to_end<void>([&] { return queue->acknowledge(message.receipt, deadline_in(10s)); }).has_value());
  auto const late = receive()[0];
  clock.advance(10s);
  EXPECT_FALSE(
      run_to_end<void>([&] { return queue->acknowledge(late.receipt, deadline_in(10s)); }).has_value());
  ASSERT_TRUE(run_to_end<std::int64_t>([&] { return queue->maintain(deadline_in(10s)); }).has_value());
  auto const text = database.metrics().render();
  for (auto const* line :
       {"hoist_queue_sent_total{queue=\"q\"} 2", "hoist_queue_deliveries_total{queue=\"q\"} 2",
        "hoist_queue_acknowledged_total{queue=\"q\"} 1", "hoist_queue_fenced_total{queue=\"q\"} 1",
        "hoist_queue_depth{queue=\"q\"} 1", "hoist_queue_oldest_age_seconds{queue=\"q\"} 10"})
    EXPECT_NE(text.find(line), std::string::npos) << line << "\n" << text;
}

TEST_F(SqlQueueTest, WhatAnotherProcessSendsIsCountedBeforeASixteenthOfTheLimitIsSent) {
  auto const other = sql_engine::make_queue(*database, database.wakeups(), database.metrics(), {.seed = 2});
  for (auto* each : {queue.get(), other.get()}) ASSERT_TRUE(each->declare("q", {.depth_max = 32}));
  send("counted");
  for (auto i = 1; i < 32; ++i) ASSERT_TRUE(send_by(*other, std::to_string(i))) << i;
  EXPECT_FALSE(send_by(*other, "one more"));
  EXPECT_FALSE(send_by(*queue, "beyond", "g")) << "one group alone is never beyond it";
  EXPECT_TRUE(send_by(*queue, "beyond", "h"));
  EXPECT_FALSE(send_by(*queue, "one more", "h"));
}

TEST_F(SqlQueueTest, WhatIsRedrivenCountsAgainstTheLimitAtOnce) {
  auto const other = sql_engine::make_queue(*database, database.wakeups(), database.metrics(), {.seed = 2});
  for (auto* each : {queue.get(), other.get()}) ASSERT_TRUE(each->declare("q", {.depth_max = 64}));
  for (auto i = 1; i < 63; ++i) ASSERT_TRUE(send_by(*other, std::to_string(i))) << i;
  send("counted");
  auto const taken = receive()[0].receipt;
  ASSERT_TRUE(run_to_end<void>(
      [&] { return queue->fail(taken, {.cause = "broken", .permanent = true}, deadline_in(10s)); }));
  ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(queue->redrive(tx, "q", TenantId{"acme"}, {&taken.id, 1}));
    return {};
  }));
  EXPECT_TRUE(send_by(*queue, "the last", "h"));
  EXPECT_FALSE(send_by(*queue, "beyond", "h"));
}

// One that was looked at again each time would take the place of those whose time has come.
TEST_F(SqlQueueTest, AGroupThatIsKeptForItsDeadLetterIsLookedAtLater) {
  ASSERT_TRUE(queue->declare("q", {.forget_group = 1h}));
  send("1");
  auto const taken = receive()[0].receipt;
  ASSERT_TRUE(run_to_end<void>(
      [&] { return queue->fail(taken, {.cause = "broken", .permanent = true}, deadline_in(10s)); }));
  clock.advance(2h);
  ASSERT_TRUE(run_to_end<std::int64_t>([&] { return queue->maintain(deadline_in(10s)); }));
  ASSERT_TRUE(testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const groups, tx.query("SELECT forget_us FROM queue_groups"));
    EXPECT_EQ(groups.at(0).time(0), clock.now() + 1h);
    return {};
  }));
}

TEST_F(SqlQueueTest, AWaitingConsumerIsWokenByWhatAnotherQueueOverTheSameRowsSends) {
  auto const patient = sql_engine::make_queue(*database, database.wakeups(), database.metrics(),
                                              {.seed = 2, .poll_max = std::chrono::hours{1}});
  auto received = Result<std::vector<Message>>{};
  auto waiting = std::jthread{[&] {
    received = run_to_end<std::vector<Message>>(
        [&] { return patient->receive({.queue = "q", .wait = std::chrono::hours{1}}, deadline_in(20s)); });
  }};
  auto const looked = [&] {
    return database.metrics().render().contains("hoist_queue_empty_receives_total{queue=\"q\"} 1");
  };
  while (!looked()) std::this_thread::yield();
  send("news");
  waiting.join();
  ASSERT_TRUE(received) << received.error().to_string();
  EXPECT_EQ(received->at(0).body, "news");
}

TEST_F(SqlQueueTest, S44_WhatUpkeepGivesUpIsCounted) {
  ASSERT_TRUE(queue->declare("q", {.retention = 1h}).has_value());
  send("old");
  clock.advance(2h);
  send("young");
  ASSERT_TRUE(run_to_end<std::int64_t>([&] { return queue->maintain(deadline_in(10s)); }).has_value());
  EXPECT_NE(database.metrics().render().find("hoist_queue_dead_total{queue=\"q\"} 1"), std::string::npos);
  EXPECT_EQ(receive().at(0).body, "young");
}

}  // namespace
}  // namespace hoist
