// The queue contract: visibility, acknowledgement, fencing.
#pragma once

#include "contract/queue_harness.hpp"

namespace hoist::contract {

TEST_P(QueueContract, S26_ALeaseEndsWithin12HoursOfTheDeliveryHoweverOftenExtended) {
  send("g", "1");
  auto const message = receive_one(1h);
  pass(50min);
  must(extend(message.receipt, 11h));
  pass(10h);
  expect_error(extend(message.receipt, 2h), Code::invalid);
  must(extend(message.receipt, 1h));
  must(acknowledge(message.receipt));
}

TEST_P(QueueContract, S27_AnExtensionCountsFromTheCallAndNotForLaterDeliveries) {
  send("g", "1");
  auto const first = receive_one(10s);
  pass(9s);
  must(extend(first.receipt, 20s));
  pass(19s);
  EXPECT_TRUE(receive().empty());
  pass(1s);
  auto const second = receive_one(5s);
  EXPECT_EQ(second.receipt.attempt, 2);
  pass(5s);
  EXPECT_EQ(receive_one().receipt.attempt, 3);
}

TEST_P(QueueContract, S28_AcknowledgingAfterTheVisibilityLapsedFailsAndExtendedReceiptsGoOn) {
  send("g", "1");
  auto const late = receive_one(10s);
  pass(10s);
  expect_error(acknowledge(late.receipt), Code::conflict);
  auto const next = receive_one(10s);
  must(extend(next.receipt, 30s));
  pass(29s);
  must(acknowledge(next.receipt));
}

TEST_P(QueueContract, S29_ExpiredMessagesReturnInOrderBeforeLaterOnes) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  EXPECT_EQ(receive(3, 10s).size(), 3U);
  pass(10s);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3", "4"}));
}

TEST_P(QueueContract, S30_OnlyDeliveredMessagesCountAsInFlightNotTheirWholeGroup) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  auto const taken = receive(2);
  auto const now = stats();
  EXPECT_EQ(now.in_flight, 2);
  EXPECT_EQ(now.waiting, 2);
  EXPECT_EQ(now.groups, 1);
  must(acknowledge(taken[0].receipt));
  EXPECT_EQ(stats().in_flight, 1);
}

TEST_P(QueueContract, Xa_AReleasedMessageClosesTheLaterOnesOfItsDelivery) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  auto const batch = receive(3);
  must(release(batch[0].receipt));
  expect_error(acknowledge(batch[1].receipt), Code::conflict);
  expect_error(extend(batch[2].receipt, 10s), Code::conflict);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3"}));
}

TEST_P(QueueContract, Xa_AFailedMessageClosesTheLaterOnesOfItsDeliveryUncounted) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  auto const batch = receive(3);
  must(acknowledge(batch[0].receipt));
  must(fail_it(batch[1].receipt, {.cause = "no", .delay = Micros{0}}));
  expect_error(acknowledge(batch[2].receipt), Code::conflict);
  auto const again = receive(3);
  ASSERT_EQ(bodies(again), (Texts{"2", "3"}));
  EXPECT_EQ(again[0].receipt.attempt, 2);
  EXPECT_EQ(again[1].receipt.attempt, 1);
}

TEST_P(QueueContract, Xa_ReleasingALaterMessageLeavesTheEarlierOnesTheirs) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  auto const batch = receive(3);
  must(release(batch[1].receipt));
  EXPECT_TRUE(receive().empty());
  expect_error(acknowledge(batch[2].receipt), Code::conflict);
  must(acknowledge(batch[0].receipt));
  EXPECT_EQ(drain(), (Texts{"2", "3"}));
}

TEST_P(QueueContract, Xa_AnExpiredDeliveryClosesAllOfItAndCountsOnlyTheFirst) {
  for (auto const* body : {"1", "2"}) send("g", body);
  auto const batch = receive(2, 10s);
  pass(10s);
  auto const again = receive(2);
  ASSERT_EQ(bodies(again), (Texts{"1", "2"}));
  EXPECT_EQ(again[0].receipt.attempt, 2);
  EXPECT_EQ(again[1].receipt.attempt, 1);
  expect_error(acknowledge(batch[0].receipt), Code::conflict);
  expect_error(acknowledge(batch[1].receipt), Code::conflict);
}

TEST_P(QueueContract, Xa_MessagesOfAGroupSettleInOrder) {
  for (auto const* body : {"1", "2"}) send("g", body);
  auto const batch = receive(2);
  expect_error(acknowledge(batch[1].receipt), Code::conflict);
  expect_error(fail_it(batch[1].receipt, {.cause = "no"}), Code::conflict);
  must(acknowledge(batch[0].receipt));
  must(acknowledge(batch[1].receipt));
}

TEST_P(QueueContract, Xb_Q1_ALateWorkerChangesNothing) {
  send("g", "1");
  auto const late = receive_one(10s);
  pass(10s);
  auto const current = receive_one(10s);
  expect_error(acknowledge(late.receipt), Code::conflict);
  expect_error(fail_it(late.receipt, {.cause = "late", .permanent = true}), Code::conflict);
  expect_error(extend(late.receipt, 1h), Code::conflict);
  expect_error(release(late.receipt), Code::conflict);
  must(acknowledge(current.receipt));
  expect_error(acknowledge(late.receipt), Code::conflict);
  EXPECT_TRUE(dead_letters().empty());
}

TEST_P(QueueContract, Xb_AReplayedAcknowledgementAnswersSuccess) {
  send("g", "1");
  send("g", "2");
  auto const first = receive_one();
  must(acknowledge(first.receipt));
  must(acknowledge(first.receipt));
  auto const second = receive_one();
  must(acknowledge(first.receipt));
  must(acknowledge(second.receipt));
  restart();
  must(acknowledge(first.receipt));
  must(acknowledge(second.receipt));
}

TEST_P(QueueContract, Xb_AReplayAfterALostDeliverySucceedsOnlyForTheOneThatDidIt) {
  send("g", "1");
  auto const lost = receive_one(10s);
  pass(10s);
  auto const done = receive_one();
  must(acknowledge(done.receipt));
  must(acknowledge(done.receipt));
  expect_error(acknowledge(lost.receipt), Code::conflict);
}

TEST_P(QueueContract, Q5_ForgedReceiptsChangeNothing) {
  send("g", "1");
  auto const real = receive_one().receipt;
  auto forged = real;
  forged.id = MessageId{"018bcfe5-6800-7000-8000-000000000000"};
  EXPECT_FALSE(acknowledge(forged).has_value());
  forged = real;
  forged.tenant = TenantId{"zeta"};
  EXPECT_FALSE(acknowledge(forged).has_value());
  forged = real;
  forged.fence += 1;
  EXPECT_FALSE(acknowledge(forged).has_value());
  forged = real;
  forged.sequence += 1;
  EXPECT_FALSE(acknowledge(forged).has_value());
  must(acknowledge(real));
}

TEST_P(QueueContract, P_AcknowledgingInsideATransactionHappensWithItOrNotAtAll) {
  send("g", "1");
  auto const message = receive_one();
  expect_error(in_transaction([&](sql::Transaction& tx) -> Result<void> {
                 CHECK(queue().acknowledge(tx, message.receipt));
                 return fail(Code::forbidden);
               }),
               Code::forbidden);
  EXPECT_EQ(stats().in_flight, 1);
  must(in_transaction([&](sql::Transaction& tx) { return queue().acknowledge(tx, message.receipt); }));
  EXPECT_EQ(stats().in_flight, 0);
}

TEST_P(QueueContract, P_ReceivingInsideATransactionHappensWithItOrNotAtAll) {
  send("g", "1");
  auto received = std::vector<Message>{};
  auto const take = [&](sql::Transaction& tx) -> Result<void> {
    TRY(received, queue().receive(tx, {.queue = "q"}));
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

TEST_P(QueueContract, P_SettleAndReceiveDoesBothAtOnce) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  auto done = std::vector<Receipt>{};
  auto all = Texts{};
  for (auto round = 0; round < 4; ++round) {
    auto const settled =
        must(wait_for<Settled>([&] { return queue().settle_and_receive(done, {.queue = "q"}, soon()); }));
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

TEST_P(QueueContract, P_SettleAndReceiveTellsWhichReceiptsWereLostAndReceivesAnyway) {
  send("a", "a1");
  auto const lost = receive_one(10s);
  pass(10s);
  auto const current = receive_one(1h);
  send("b", "b1");
  auto const settled = must(wait_for<Settled>(
      [&] { return queue().settle_and_receive({lost.receipt, current.receipt}, {.queue = "q"}, soon()); }));
  ASSERT_EQ(settled.acknowledged.size(), 2U);
  EXPECT_FALSE(settled.acknowledged[0].has_value());
  EXPECT_TRUE(settled.acknowledged[1].has_value());
  EXPECT_EQ(bodies(settled.messages), (Texts{"b1"}));
}

TEST_P(QueueContract, P_AReleaseDoesNotCountAsAnAttempt) {
  declare({.attempts_max = 2});
  send("g", "1");
  for (auto i = 0; i < 5; ++i) {
    auto const message = receive_one();
    EXPECT_EQ(message.receipt.attempt, 1);
    must(release(message.receipt));
  }
  EXPECT_EQ(drain(), (Texts{"1"}));
}

TEST_P(QueueContract, P_ALongPollWakesWhenAMessageIsSent) {
  auto got = std::vector<Message>{};
  must(wait_for<void>([&]() -> Async<> {
    auto const executor = co_await asio::this_coro::executor;
    // Begins when the receive below first waits, so that its look comes first.
    spawn(executor, [&]() -> asio::awaitable<void> {
      auto message = Outgoing{"q", tenant, "g", "late", {}, Micros{0}};
      auto const work = [&](sql::Transaction& tx) { return queue().send(tx, message); };
      auto const sent = co_await in_database(work);
      EXPECT_TRUE(sent.has_value());
    });
    auto request = ReceiveRequest{.queue = "q", .wait = 20s};
    CO_TRY(got, co_await queue().receive(std::move(request), soon()));
    co_return Result<void>{};
  }));
  EXPECT_EQ(bodies(got), (Texts{"late"}));
}

TEST_P(QueueContract, P_ALongPollThatFindsNothingAnswersEmptyAtItsEnd) {
  auto const request = ReceiveRequest{.queue = "q", .wait = 30ms};
  EXPECT_TRUE(must(wait_for<std::vector<Message>>([&] { return queue().receive(request, soon()); })).empty());
}

}  // namespace hoist::contract
