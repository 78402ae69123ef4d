// The contract of DeadLetters: what is kept, planned, redriven and discarded.
#pragma once

#include "contract/queue_harness.hpp"

namespace hoist::contract {

class DeadLettersContract : public QueueFixture {};

TEST_P(DeadLettersContract, S32_AttemptsOneToNReturnTheMessageThenItIsDeadWithItsCause) {
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

TEST_P(DeadLettersContract, S34_ADeadMessageKeepsIdBodyAndPlaceAndItsGroupGoesOn) {
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

TEST_P(DeadLettersContract, S37_Q9_RedriveReturnsTheOldestFirstToTheirPlaceAndTwiceIsOnce) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  kill_next("broken");
  kill_next("broken");
  send("g", "4");
  EXPECT_EQ(redrive(), 2);
  EXPECT_EQ(redrive(), 0);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3", "4"}));
}

TEST_P(DeadLettersContract, S37_RedriveOfSomeWhateverOrderTheyAreNamedIn) {
  auto ids = std::vector<MessageId>{};
  for (auto const* body : {"1", "2", "3"}) ids.push_back(send("g", body).id);
  for (auto i = 0; i < 3; ++i) kill_next("broken");
  EXPECT_EQ(redrive({ids[2], ids[0], MessageId{"unknown"}}), 2);
  EXPECT_EQ(drain(), (Texts{"1", "3"}));
  EXPECT_EQ(dead_letters().at(0).id, ids[1]);
}

TEST_P(DeadLettersContract, P_RedriveWhileTheGroupIsInFlightWaitsForIt) {
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

TEST_P(DeadLettersContract, P_ARedrivenMessageHasAllItsAttemptsAgain) {
  declare({.attempts_max = 2});
  send("g", "1");
  kill_next("broken");
  redrive();
  auto const message = receive_one();
  EXPECT_EQ(message.receipt.attempt, 1);
  must(fail_it(message.receipt, {.cause = "no", .delay = Micros{0}}));
  EXPECT_EQ(receive_one().receipt.attempt, 2);
}

TEST_P(DeadLettersContract, P_TheDryRunListsWhatOvertookAndChangesNothing) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  kill_next("broken");
  must(acknowledge(receive_one().receipt));
  must(acknowledge(receive_one().receipt));
  auto const plan =
      must(wait_for<std::vector<RedriveItem>>([&] { return letters().plan("q", tenant, {}, soon()); }));
  ASSERT_EQ(plan.size(), 1U);
  EXPECT_EQ(plan[0].letter.body, "1");
  EXPECT_EQ(plan[0].overtaken_by, 2);
  EXPECT_EQ(plan[0].overtakers, (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(dead_letters().size(), 1U);
}

TEST_P(DeadLettersContract, P_APermanentFailureIsDeadAtOnce) {
  send("g", "1");
  kill_next("gone for good");
  ASSERT_EQ(dead_letters().size(), 1U);
  EXPECT_EQ(dead_letters()[0].attempts, 1);
}

TEST_P(DeadLettersContract, P_DiscardedLettersAreGoneForGood) {
  send("g", "1");
  send("g", "2");
  auto const id = kill_next("broken").receipt.id;
  EXPECT_EQ(discard({id, MessageId{"unknown"}}), 1);
  EXPECT_EQ(discard({id}), 0);
  EXPECT_TRUE(dead_letters().empty());
  EXPECT_EQ(drain(), (Texts{"2"}));
}

TEST_P(DeadLettersContract, ALetterIsThatOfItsTenantAndQueueAlone) {
  must(registry().declare("other", {}));
  auto const mine = send("g", "mine").id;
  auto const theirs = send_as("zeta", "g", "theirs").id;
  kill_next("broken");
  kill_next("broken");
  for (auto const change : {&DeadLetters::redrive, &DeadLetters::discard}) {
    EXPECT_EQ(change_dead(change, {theirs}), 0);
    must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const count, (letters().*change)(tx, "other", tenant, {&mine, 1}));
      EXPECT_EQ(count, 0);
      return {};
    }));
  }
  EXPECT_EQ(dead_letters().size(), 1U);
  auto const list = [&] { return letters().list("q", TenantId{"zeta"}, MessageId{}, 100, soon()); };
  EXPECT_EQ(must(wait_for<std::vector<DeadLetter>>(list)).size(), 1U);
}

TEST_P(DeadLettersContract, P_WhatATransactionRedrivesComesBackOnlyIfItCommits) {
  send("g", "1");
  auto const id = kill_next("broken").receipt.id;
  expect_error(in_transaction([&](sql::Transaction& tx) -> Result<void> {
                 TRY(auto const count, letters().redrive(tx, "q", tenant, {&id, 1}));
                 EXPECT_EQ(count, 1);
                 return fail(Code::forbidden);
               }),
               Code::forbidden);
  EXPECT_TRUE(receive().empty());
  EXPECT_EQ(dead_letters().size(), 1U);
}

}  // namespace hoist::contract
