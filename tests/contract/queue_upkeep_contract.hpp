// The contract of QueueUpkeep: stats, retention, purging.
#pragma once

#include "contract/queue_harness.hpp"

namespace hoist::contract {

class QueueUpkeepContract : public QueueFixture {};

TEST_P(QueueUpkeepContract, S30_OnlyDeliveredMessagesCountAsInFlightNotTheirWholeGroup) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  auto const taken = receive(2);
  auto const now = stats();
  EXPECT_EQ(now.in_flight, 2);
  EXPECT_EQ(now.waiting, 2);
  EXPECT_EQ(now.groups, 1);
  must(acknowledge(taken[0].receipt));
  EXPECT_EQ(stats().in_flight, 1);
}

TEST_P(QueueUpkeepContract, S31_Xg_LookingNeverCountsAsAnAttempt) {
  declare({.attempts_max = 1});
  send("g", "1");
  for (auto i = 0; i < 5; ++i) {
    EXPECT_EQ(stats().waiting, 1);
    EXPECT_TRUE(dead_letters().empty());
  }
  auto const message = receive_one();
  EXPECT_EQ(message.receipt.attempt, 1);
  must(acknowledge(message.receipt));
}

TEST_P(QueueUpkeepContract, S34_DeadLettersAreKeptFromTheirDeathOnAsLongAsTheQueueSays) {
  declare({.dead_retention = 1h});
  send("g", "1");
  pass(10h);
  kill_next("broken");
  pass(59min);
  maintain();
  EXPECT_EQ(dead_letters().size(), 1U);
  pass(2min);
  maintain();
  EXPECT_TRUE(dead_letters().empty());
}

TEST_P(QueueUpkeepContract, S35_AWaitingMessageIsGivenUpWhenItIsOlderThanTheQueueKeeps) {
  declare({.retention = 1h});
  send("g", "old");
  pass(61min);
  send("g", "young");
  maintain();
  EXPECT_EQ(drain(), (Texts{"young"}));
  EXPECT_EQ(dead_letters().size(), 1U);
}

TEST_P(QueueUpkeepContract, P_PurgeRemovesEverythingAndFencesWhatIsInFlight) {
  send("g", "1");
  send("g", "2");
  auto const taken = receive_one();
  auto const other = send_as("zeta", "g", "z1");
  EXPECT_EQ(purge(), 2);
  expect_error(acknowledge(taken.receipt), Code::conflict);
  EXPECT_EQ(drain(), (Texts{"z1"}));
  EXPECT_EQ(send("g", "3").sequence, 3);
  EXPECT_FALSE(other.duplicate);
}

TEST_P(QueueUpkeepContract, P_TenantsDoNotSeeEachOther) {
  send("g", "1");
  send_as("zeta", "g", "z");
  EXPECT_EQ(stats().waiting, 1);
  EXPECT_EQ(must(wait_for<QueueStats>([&] { return upkeep().stats("q", Scope::system(), soon()); })).waiting,
            2);
}

TEST_P(QueueUpkeepContract, S44_StatsAnswerDepthInFlightDeadAndAge) {
  send("a", "1");
  pass(5s);
  send("b", "1");
  send("b", "2");
  auto now = stats();
  EXPECT_EQ(now.waiting, 3);
  EXPECT_EQ(now.groups, 2);
  EXPECT_EQ(clock().now() - *now.oldest_sent_at, Micros{5s});
  kill_next("broken");
  now = stats();
  EXPECT_EQ(now.dead, 1);
  EXPECT_EQ(now.waiting, 2);
}

TEST_P(QueueUpkeepContract, P_ForgottenGroupsComeBackWhenUsed) {
  declare({.forget_group = 1h});
  send("g", "1");
  drain();
  send("keeps", "1");
  pass(2h);
  maintain();
  EXPECT_EQ(send("g", "2").sequence, 1);
  EXPECT_EQ(send("keeps", "2").sequence, 2);
  EXPECT_EQ(drain().size(), 3U);
}

}  // namespace hoist::contract
