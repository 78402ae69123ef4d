// The contract of MessageFollower: what a queue tells of its messages.
#pragma once

#include "contract/queue_harness.hpp"

namespace hoist::contract {

// Keeps what committed.
class RecordingFollower final : public MessageFollower {
 public:
  Result<void> on(sql::Transaction& tx, QueueEvent const& event) override {
    if (refusing) return fail(Code::unavailable);
    tx.after_commit([this, event] { events.push_back(event); });
    return {};
  }
  [[nodiscard]] std::vector<QueueEvent::Kind> kinds() const {
    auto all = std::vector<QueueEvent::Kind>{};
    for (auto const& event : events) all.push_back(event.kind);
    return all;
  }

  bool refusing = false;
  std::vector<QueueEvent> events;
};

class LifecycleContract : public QueueFixture {
 protected:
  using Kind = QueueEvent::Kind;
  using Kinds = std::vector<Kind>;
  void follow(QueuePolicy policy = {}) { must(registry().declare("q", std::move(policy), &follower)); }
  RecordingFollower follower;
};

TEST_P(LifecycleContract, P_WhatIsSentDeliveredAndDoneIsNobodysNews) {
  follow();
  send("g", "1");
  EXPECT_EQ(drain(), (Texts{"1"}));
  EXPECT_TRUE(follower.events.empty());
}

TEST_P(LifecycleContract, P_FailuresAreToldWithTheirCauseAndTheNextAttempt) {
  follow({.attempts_max = 2});
  auto const sent = send("g", "1");
  must(fail_it(receive_one().receipt, {.cause = "no crane", .delay = 10s}));
  ASSERT_EQ(follower.kinds(), (Kinds{Kind::retrying}));
  EXPECT_EQ(follower.events[0].message.id, sent.id);
  EXPECT_EQ(follower.events[0].message.cause, "no crane");
  EXPECT_EQ(follower.events[0].retry_at, clock().now() + 10s);
  pass(10s);
  must(fail_it(receive_one().receipt, {.cause = "no rope"}));
  ASSERT_EQ(follower.kinds(), (Kinds{Kind::retrying, Kind::dead}));
  EXPECT_EQ(follower.events[1].message.cause, "no rope");
  EXPECT_EQ(follower.events[1].message.attempts, 2);
  EXPECT_FALSE(follower.events[1].blocks);
}

TEST_P(LifecycleContract, P_AttemptsThatEndWithoutAnAnswerAreTold) {
  follow({.attempts_max = 2});
  send("g", "1");
  (void)receive_one(10s);
  pass(10s);
  (void)receive_one(10s);
  pass(10s);
  EXPECT_TRUE(receive().empty());
  ASSERT_EQ(follower.kinds(), (Kinds{Kind::expired, Kind::dead}));
  EXPECT_EQ(follower.events[1].message.cause, "no answer within the visibility time");
}

TEST_P(LifecycleContract, P_RedrivingAndDiscardingAreToldInTheTransactionThatDoesIt) {
  follow();
  send("a", "1");
  send("b", "1");
  auto const first = kill_next("broken").receipt.id;
  auto const second = kill_next("broken").receipt.id;
  follower.events.clear();
  follower.refusing = true;
  EXPECT_FALSE(in_transaction([&](sql::Transaction& tx) -> Result<void> {
                 CHECK(letters().redrive(tx, "q", tenant, {&first, 1}));
                 return {};
               }).has_value());
  EXPECT_EQ(dead_letters().size(), 2U);
  follower.refusing = false;
  EXPECT_EQ(redrive({first}), 1);
  EXPECT_EQ(discard({second}), 1);
  EXPECT_EQ(follower.kinds(), (Kinds{Kind::redriven, Kind::discarded}));
}

TEST_P(LifecycleContract, P_WhatTimeTakesIsTold) {
  follow({.retention = 1h, .dead_retention = 1h});
  send("g", "1");
  pass(2h);
  maintain();
  EXPECT_EQ(follower.kinds(), (Kinds{Kind::dead}));
  pass(2h);
  maintain();
  EXPECT_EQ(follower.kinds(), (Kinds{Kind::dead, Kind::discarded}));
}

TEST_P(LifecycleContract, P_NothingIsLostOnAFollowerThatCannotFollowNow) {
  follow({.attempts_max = 1});
  send("g", "1");
  auto const message = receive_one(10s);
  follower.refusing = true;
  EXPECT_FALSE(fail_it(message.receipt, {.cause = "no"}).has_value());
  follower.refusing = false;
  pass(10s);
  EXPECT_TRUE(receive().empty());
  EXPECT_EQ(follower.kinds(), (Kinds{Kind::dead}));
  EXPECT_EQ(dead_letters().size(), 1U);
}

TEST_P(LifecycleContract, P_AQueueHasOneFollower) {
  follow();
  follow();
  auto other = RecordingFollower{};
  expect_error(registry().declare("q", {}, &other), Code::conflict);
}

}  // namespace hoist::contract
