// The queue contract: attempts, backoff, dead letters, redrive, cancelling, limits.
#pragma once

#include <algorithm>

#include "contract/queue_harness.hpp"

namespace hoist::contract {

TEST_P(QueueContract, S31_Xg_LookingNeverCountsAsAnAttempt) {
  declare({.attempts_max = 1});
  auto const sent = send("g", "1");
  for (auto i = 0; i < 5; ++i) {
    EXPECT_TRUE(find(sent.id).has_value());
    EXPECT_EQ(list("g").size(), 1U);
    EXPECT_EQ(group("g").depth, 1);
    EXPECT_EQ(stats().waiting, 1);
  }
  auto const message = receive_one();
  EXPECT_EQ(message.receipt.attempt, 1);
  must(acknowledge(message.receipt));
}

TEST_P(QueueContract, S32_AttemptsOneToNReturnTheMessageThenItIsDeadWithItsCause) {
  declare({.attempts_max = 3});
  send("g", "1");
  for (auto attempt = 1; attempt <= 3; ++attempt) {
    auto const message = receive_one();
    EXPECT_EQ(message.receipt.attempt, attempt);
    EXPECT_EQ(message.attempts_max, 3);
    must(fail_it(message.receipt, {.cause = "cause " + std::to_string(attempt), .delay = Micros{0}}));
  }
  EXPECT_TRUE(receive().empty());
  auto const letters = dead_letters();
  ASSERT_EQ(letters.size(), 1U);
  EXPECT_EQ(letters[0].cause, "cause 3");
  EXPECT_EQ(letters[0].attempts, 3);
}

TEST_P(QueueContract, S32_Q3_AttemptsThatEndWithoutAnAnswerCountToo) {
  declare({.attempts_max = 2});
  send("g", "hangs");
  send("g", "next");
  for (auto attempt = 1; attempt <= 2; ++attempt) {
    EXPECT_EQ(receive_one(10s).receipt.attempt, attempt);
    pass(10s);
  }
  EXPECT_EQ(receive_one().body, "next");
  ASSERT_EQ(dead_letters().size(), 1U);
  EXPECT_EQ(dead_letters()[0].cause, "no answer within the visibility time");
}

TEST_P(QueueContract, S34_ADeadMessageKeepsIdBodyAndPlaceAndItsGroupGoesOn) {
  auto const sent = send("g", "1");
  send("g", "2");
  kill_next("broken");
  auto const letter = dead_letters().at(0);
  EXPECT_EQ(letter.id, sent.id);
  EXPECT_EQ(letter.sequence, sent.sequence);
  EXPECT_EQ(letter.body, "1");
  EXPECT_EQ(letter.group, "g");
  EXPECT_EQ(letter.died_at, clock().now());
  EXPECT_EQ(drain(), (Texts{"2"}));
}

TEST_P(QueueContract, S34_DeadLettersAreKeptFromTheirDeathOnAsLongAsTheQueueSays) {
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

TEST_P(QueueContract, S35_AWaitingMessageIsGivenUpWhenItIsOlderThanTheQueueKeeps) {
  declare({.retention = 1h});
  send("g", "old");
  pass(61min);
  send("g", "young");
  maintain();
  EXPECT_EQ(drain(), (Texts{"young"}));
  EXPECT_EQ(dead_letters().size(), 1U);
}

TEST_P(QueueContract, S35_AFailingHeadHoldsItsGroupAndNobodyElses) {
  send("a", "a1");
  send("a", "a2");
  send("b", "b1");
  auto const head = receive_one();
  must(fail_it(head.receipt, {.cause = "no", .delay = 1h}));
  auto const other = head.group == "a" ? "b1" : "a1";
  EXPECT_EQ(receive_one().body, other);
}

TEST_P(QueueContract, S36_WithSkipTheSurvivorsGoOnInTheirOrder) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  auto const first = receive_one();
  must(acknowledge(first.receipt));
  kill_next("broken");
  EXPECT_EQ(drain(), (Texts{"3", "4"}));
}

TEST_P(QueueContract, S37_Q9_RedriveReturnsTheOldestFirstToTheirPlaceAndTwiceIsOnce) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  kill_next("broken");
  kill_next("broken");
  send("g", "4");
  EXPECT_EQ(redrive(), 2);
  EXPECT_EQ(redrive(), 0);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3", "4"}));
}

TEST_P(QueueContract, S37_RedriveOfSomeWhateverOrderTheyAreNamedIn) {
  auto ids = std::vector<MessageId>{};
  for (auto const* body : {"1", "2", "3"}) ids.push_back(send("g", body).id);
  for (auto i = 0; i < 3; ++i) kill_next("broken");
  EXPECT_EQ(redrive({ids[2], ids[0], MessageId{"unknown"}}), 2);
  EXPECT_EQ(drain(), (Texts{"1", "3"}));
  EXPECT_EQ(dead_letters().at(0).id, ids[1]);
}

TEST_P(QueueContract, P_RedriveWhileTheGroupIsInFlightWaitsForIt) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  kill_next("broken");
  auto const batch = receive(2);
  EXPECT_EQ(bodies(batch), (Texts{"2", "3"}));
  EXPECT_EQ(redrive(), 1);
  EXPECT_TRUE(receive().empty());
  must(acknowledge(batch[0].receipt));
  must(acknowledge(batch[1].receipt));
  EXPECT_EQ(drain(), (Texts{"1", "4"}));
}

TEST_P(QueueContract, P_ARedrivenMessageHasAllItsAttemptsAgain) {
  declare({.attempts_max = 2});
  send("g", "1");
  kill_next("broken");
  redrive();
  auto const message = receive_one();
  EXPECT_EQ(message.receipt.attempt, 1);
  must(fail_it(message.receipt, {.cause = "no", .delay = Micros{0}}));
  EXPECT_EQ(receive_one().receipt.attempt, 2);
}

TEST_P(QueueContract, P_TheDryRunListsWhatOvertookAndChangesNothing) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  kill_next("broken");
  must(acknowledge(receive_one().receipt));
  must(acknowledge(receive_one().receipt));
  auto const plan =
      must(wait_for<std::vector<RedriveItem>>([&] { return queue().plan_redrive("q", tenant, {}, soon()); }));
  ASSERT_EQ(plan.size(), 1U);
  EXPECT_EQ(plan[0].letter.body, "1");
  EXPECT_EQ(plan[0].overtaken_by, 2);
  EXPECT_EQ(plan[0].overtakers, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(dead_letters().size(), 1U);
}

TEST_P(QueueContract, P_WithBlockTheGroupWaitsForItsDeadLetterAndSaysSo) {
  declare({.on_dead = OnDead::block});
  send("g", "1");
  send("g", "2");
  send("other", "o1");
  auto const dead = kill_next("broken");
  EXPECT_EQ(dead.body, "1");
  EXPECT_EQ(drain(), (Texts{"o1"}));
  send("g", "3");
  EXPECT_TRUE(receive().empty());
  auto const why = group("g");
  EXPECT_EQ(why.state, GroupInfo::State::blocked);
  ASSERT_TRUE(why.head.has_value());
  EXPECT_EQ(why.head->id, dead.receipt.id);
  EXPECT_EQ(why.head->last_error, "broken");
  EXPECT_EQ(why.depth, 2);
  EXPECT_EQ(stats().blocked_groups, 1);
  EXPECT_EQ(redrive(), 1);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3"}));
}

TEST_P(QueueContract, P_DiscardingTheDeadLetterUnblocksItsGroup) {
  declare({.on_dead = OnDead::block});
  send("g", "1");
  send("g", "2");
  auto const dead = kill_next("broken");
  EXPECT_EQ(discard({dead.receipt.id}), 1);
  EXPECT_EQ(discard({dead.receipt.id}), 0);
  EXPECT_EQ(drain(), (Texts{"2"}));
}

TEST_P(QueueContract, P_WithParkGroupAllThatWaitedGoesAsideTogetherAndComesBackInOrder) {
  declare({.on_dead = OnDead::park_group});
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  kill_next("broken");
  EXPECT_TRUE(receive().empty());
  EXPECT_EQ(dead_letters().size(), 3U);
  EXPECT_EQ(dead_letters()[2].cause, "parked behind message 1");
  send("g", "4");
  EXPECT_EQ(redrive(), 3);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3", "4"}));
}

TEST_P(QueueContract, P_BackoffGrowsWithEveryFailureAndParksTheGroupOnly) {
  declare({.attempts_max = 10, .backoff_base = 10s, .backoff_max = 60s});
  send("g", "1");
  send("g", "2");
  auto expected = Micros{10s};
  for (auto failures = 1; failures <= 5; ++failures) {
    must(fail_it(receive_one().receipt, {.cause = "no"}));
    auto const info = group("g");
    EXPECT_EQ(info.state, GroupInfo::State::retrying);
    auto const delay = *info.next_attempt_at - clock().now();
    EXPECT_GE(delay, expected * 8 / 10);
    EXPECT_LE(delay, expected * 12 / 10);
    EXPECT_TRUE(receive().empty());
    pass(std::chrono::duration_cast<Micros>(delay));
    expected = std::min<Micros>(expected * 2, 60s);
  }
  EXPECT_EQ(drain(), (Texts{"1", "2"}));
}

TEST_P(QueueContract, P_APermanentFailureIsDeadAtOnce) {
  send("g", "1");
  kill_next("gone for good");
  ASSERT_EQ(dead_letters().size(), 1U);
  EXPECT_EQ(dead_letters()[0].attempts, 1);
}

TEST_P(QueueContract, P_AWaitingMessageCanBeCancelledAndOneInFlightCannot) {
  auto const first = send("g", "1");
  auto const second = send("g", "2");
  send("g", "3");
  auto const message = receive_one();
  expect_error(cancel(first.id), Code::conflict);
  must(cancel(second.id));
  expect_error(cancel(second.id), Code::not_found);
  must(acknowledge(message.receipt));
  EXPECT_EQ(drain(), (Texts{"3"}));
  expect_error(cancel(first.id), Code::not_found);
}

TEST_P(QueueContract, P_CancellingADelayedHeadLetsItsGroupGo) {
  auto const head = send("g", "1", {}, 1h);
  send("g", "2");
  EXPECT_TRUE(receive().empty());
  must(cancel(head.id));
  EXPECT_EQ(drain(), (Texts{"2"}));
}

TEST_P(QueueContract, P_PurgeRemovesEverythingAndFencesWhatIsInFlight) {
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

TEST_P(QueueContract, P_Q6_AFullQueueRefusesClearlyAndTakesAgainWhenThereIsRoom) {
  declare({.depth_max = 3});
  for (auto i = 0; i < 3; ++i) send("g" + std::to_string(i), "x");
  auto const refused = try_send({"q", tenant, "g", "x", {}, Micros{0}});
  expect_error(refused, Code::throttled);
  EXPECT_TRUE(refused.error().retry_after_s().has_value());
  EXPECT_TRUE(try_send({"q", TenantId{"zeta"}, "g", "x", {}, Micros{0}}).has_value());
  EXPECT_EQ(drain().size(), 4U);
  EXPECT_TRUE(try_send({"q", tenant, "g", "x", {}, Micros{0}}).has_value());
}

}  // namespace hoist::contract
