// The contract of JointConsumer: settling inside a transaction, and the policies that need it.
#pragma once

#include "contract/lifecycle_contract.hpp"

namespace hoist::contract {

class JointConsumerContract : public LifecycleContract {};

TEST_P(JointConsumerContract, P_AcknowledgingInsideATransactionHappensWithItOrNotAtAll) {
  send("g", "1");
  auto const message = receive_one();
  expect_error(in_transaction([&](sql::Transaction& tx) -> Result<void> {
                 CHECK(joint().acknowledge(tx, message.receipt));
                 return fail(Code::forbidden);
               }),
               Code::forbidden);
  EXPECT_EQ(stats().in_flight, 1);
  must(in_transaction([&](sql::Transaction& tx) { return joint().acknowledge(tx, message.receipt); }));
  EXPECT_EQ(stats().in_flight, 0);
}

TEST_P(JointConsumerContract, P_ReceivingInsideATransactionHappensWithItOrNotAtAll) {
  send("g", "1");
  auto received = std::vector<Message>{};
  auto const take = [&](sql::Transaction& tx) -> Result<void> {
    TRY(received, joint().receive(tx, {.queue = "q"}));
    return {};
  };
  expect_error(in_transaction([&](sql::Transaction& tx) -> Result<void> {
                 CHECK(take(tx));
                 EXPECT_EQ(received.size(), 1U);
                 return fail(Code::forbidden);
               }),
               Code::forbidden);
  EXPECT_EQ(stats().in_flight, 0);
  must(in_transaction(take));
  EXPECT_EQ(bodies(received), (Texts{"1"}));
  EXPECT_EQ(stats().in_flight, 1);
  must(acknowledge(received.at(0).receipt));
}

TEST_P(JointConsumerContract, P_SettleAndReceiveDoesBothAtOnce) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  auto done = std::vector<Receipt>{};
  auto all = Texts{};
  for (auto round = 0; round < 4; ++round) {
    auto const settled =
        must(wait_for<Settled>([&] { return joint().settle_and_receive(done, {.queue = "q"}, soon()); }));
    for (auto const& outcome : settled.acknowledged) EXPECT_TRUE(outcome.has_value());
    done.clear();
    for (auto const& message : settled.messages) {
      all.push_back(message.body);
      done.push_back(message.receipt);
    }
  }
  EXPECT_EQ(all, (Texts{"1", "2", "3"}));
  EXPECT_EQ(stats().waiting + stats().in_flight, 0);
}

TEST_P(JointConsumerContract, P_SettleAndReceiveTellsWhichReceiptsWereLostAndReceivesAnyway) {
  send("a", "a1");
  auto const lost = receive_one(10s);
  pass(10s);
  auto const current = receive_one(1h);
  send("b", "b1");
  auto const settled = must(wait_for<Settled>(
      [&] { return joint().settle_and_receive({lost.receipt, current.receipt}, {.queue = "q"}, soon()); }));
  ASSERT_EQ(settled.acknowledged.size(), 2U);
  EXPECT_FALSE(settled.acknowledged[0].has_value());
  EXPECT_TRUE(settled.acknowledged[1].has_value());
  EXPECT_EQ(bodies(settled.messages), (Texts{"b1"}));
}

TEST_P(JointConsumerContract, P_WithBlockTheGroupWaitsForItsDeadLetterAndSaysSo) {
  declare({.on_dead = OnDead::block});
  send("g", "1");
  send("g", "2");
  send("other", "o1");
  auto const dead = kill_next("broken");
  EXPECT_EQ(dead.body, "1");
  EXPECT_EQ(drain(), (Texts{"o1"}));
  send("g", "3");
  EXPECT_TRUE(receive().empty());
  EXPECT_EQ(dead_letters().at(0).id, dead.receipt.id);
  EXPECT_EQ(stats().blocked_groups, 1);
  EXPECT_EQ(redrive(), 1);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3"}));
}

TEST_P(JointConsumerContract, P_DiscardingTheDeadLetterUnblocksItsGroup) {
  declare({.on_dead = OnDead::block});
  send("g", "1");
  send("g", "2");
  auto const dead = kill_next("broken");
  EXPECT_EQ(discard({dead.receipt.id}), 1);
  EXPECT_EQ(discard({dead.receipt.id}), 0);
  EXPECT_EQ(drain(), (Texts{"2"}));
}

TEST_P(JointConsumerContract, P_WithParkGroupAllThatWaitedGoesAsideTogetherAndComesBackInOrder) {
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

TEST_P(JointConsumerContract, P_AWaitingMessageCanBeCancelledAndOneInFlightCannot) {
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

TEST_P(JointConsumerContract, P_CancellingADelayedHeadLetsItsGroupGo) {
  auto const head = send("g", "1", {}, 1h);
  send("g", "2");
  EXPECT_TRUE(receive().empty());
  must(cancel(head.id));
  EXPECT_EQ(drain(), (Texts{"2"}));
}

TEST_P(JointConsumerContract, P_TenantsDoNotCancelEachOthersMessages) {
  auto const mine = send("g", "1");
  auto const stolen = in_transaction(
      [&](sql::Transaction& tx) { return joint().cancel(tx, "q", TenantId{"zeta"}, mine.id); });
  expect_error(stolen, Code::not_found);
}

TEST_P(JointConsumerContract, P_AGroupHoldsWhatIsNotSettledAndNotDead) {
  EXPECT_FALSE(holds("g"));
  send("g", "1");
  send("g", "2");
  EXPECT_TRUE(holds("g"));
  EXPECT_FALSE(holds("other"));
  kill_next("broken");
  auto const last = receive_one();
  EXPECT_TRUE(holds("g"));
  must(acknowledge(last.receipt));
  EXPECT_FALSE(holds("g"));
}

TEST_P(JointConsumerContract, P_AFollowerThatRefusesKeepsTheMessageAsItWas) {
  follow();
  send("g", "1");
  auto const message = receive_one();
  follower.refusing = true;
  EXPECT_FALSE(fail_it(message.receipt, {.cause = "no", .permanent = true}).has_value());
  EXPECT_TRUE(dead_letters().empty());
  must(acknowledge(message.receipt));
}

TEST_P(JointConsumerContract, P_ADeadLetterThatBlocksSaysSo) {
  follow({.on_dead = OnDead::block});
  send("g", "1");
  send("g", "2");
  kill_next("broken");
  ASSERT_EQ(follower.events.size(), 1U);
  EXPECT_TRUE(follower.events[0].blocks);
}

TEST_P(JointConsumerContract, P_CancellingIsTold) {
  follow();
  auto const sent = send("g", "1");
  must(cancel(sent.id));
  EXPECT_EQ(follower.kinds(), (Kinds{Kind::cancelled}));
}

}  // namespace hoist::contract
