// The contract of Consumer: order, delivery, visibility, acknowledgement, fencing, attempts, fairness.
#pragma once

#include <algorithm>
#include <map>
#include <set>

#include "contract/queue_harness.hpp"

namespace hoist::contract {

class ConsumerContract : public QueueFixture {};

TEST_P(ConsumerContract, S18_AGroupDeliversItsFrontAndNothingBehindAnAttemptInFlight) {
  for (auto const* body : {"0", "1", "2"}) send("g", body);
  auto const first = receive(2);
  EXPECT_EQ(bodies(first), (Texts{"0", "1"}));
  EXPECT_TRUE(receive(10).empty());
  must(acknowledge(first[0].receipt));
  EXPECT_TRUE(receive(10).empty());
  must(acknowledge(first[1].receipt));
  EXPECT_EQ(bodies(receive(10)), (Texts{"2"}));
}

TEST_P(ConsumerContract, S19_NewArrivalsOfAGroupInFlightWait) {
  send("g", "1");
  auto const first = receive_one();
  send("g", "2");
  EXPECT_TRUE(receive(10).empty());
  must(acknowledge(first.receipt));
  EXPECT_EQ(receive_one().body, "2");
}

TEST_P(ConsumerContract, S20_OneReceiveTakesAsManyAsItCanFromAGroupThenFillsFromOthers) {
  for (auto i = 1; i <= 7; ++i) send("a", "a" + std::to_string(i));
  pass(1s);
  for (auto i = 1; i <= 7; ++i) send("b", "b" + std::to_string(i));
  EXPECT_EQ(bodies(receive(10)), (Texts{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "b1", "b2", "b3"}));
}

TEST_P(ConsumerContract, S21_GroupsDoNotWaitForEachOther) {
  send("a", "a1");
  send("b", "b1");
  auto const first = receive_one();
  auto const second = receive_one();
  EXPECT_NE(first.group, second.group);
}

TEST_P(ConsumerContract, S22_AcknowledgingAllFreesTheRestAndSomeKeepsTheGroupClosed) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  auto const some = receive(3);
  must(acknowledge(some[0].receipt));
  EXPECT_TRUE(receive(10).empty());
  must(acknowledge(some[1].receipt));
  must(acknowledge(some[2].receipt));
  EXPECT_EQ(receive_one().body, "4");
}

TEST_P(ConsumerContract, S23_ConcurrentReceiversNeverShareAGroup) {
  for (auto g = 0; g < 5; ++g)
    for (auto i = 0; i < 4; ++i) send("g" + std::to_string(g), std::to_string(i));
  auto held = std::set<std::string>{};
  for (auto r = 0; r < 5; ++r) {
    auto const message = receive_one();
    EXPECT_TRUE(held.insert(message.group).second);
    EXPECT_EQ(message.body, "0");
  }
  EXPECT_TRUE(receive(10).empty());
}

TEST_P(ConsumerContract, S25_VisibilityIsAboveZeroBecauseLookingIsAnotherThing) {
  send("g", "1");
  for (auto const visibility : {Micros{0}, Micros{-1}, queue_visibility_max + Micros{1}}) {
    auto const request = ReceiveRequest{.queue = "q", .visibility = visibility};
    expect_error(wait_for<std::vector<Message>>([&] { return consumer().receive(request, soon()); }),
                 Code::invalid);
  }
  for (auto const max : {0, 11}) {
    auto const request = ReceiveRequest{.queue = "q", .max = max};
    expect_error(wait_for<std::vector<Message>>([&] { return consumer().receive(request, soon()); }),
                 Code::invalid);
  }
}

TEST_P(ConsumerContract, S26_ALeaseEndsWithin12HoursOfTheDeliveryHoweverOftenExtended) {
  send("g", "1");
  auto const message = receive_one(1h);
  pass(50min);
  must(extend(message.receipt, 11h));
  pass(10h);
  expect_error(extend(message.receipt, 2h), Code::invalid);
  expect_error(extend(message.receipt, 0h), Code::invalid);
  expect_error(extend(message.receipt, -1h), Code::invalid);
  must(extend(message.receipt, 1h));
  must(acknowledge(message.receipt));
}

TEST_P(ConsumerContract, S27_AnExtensionCountsFromTheCallAndNotForLaterDeliveries) {
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

TEST_P(ConsumerContract, S28_AcknowledgingAfterTheVisibilityLapsedFailsAndExtendedReceiptsGoOn) {
  send("g", "1");
  auto const late = receive_one(10s);
  pass(10s);
  expect_error(acknowledge(late.receipt), Code::conflict);
  auto const next = receive_one(10s);
  must(extend(next.receipt, 30s));
  pass(29s);
  must(acknowledge(next.receipt));
}

TEST_P(ConsumerContract, S29_ExpiredMessagesReturnInOrderBeforeLaterOnes) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  EXPECT_EQ(receive(3, 10s).size(), 3U);
  pass(10s);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3", "4"}));
}

TEST_P(ConsumerContract, Xa_AReleasedMessageClosesTheLaterOnesOfItsDelivery) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  auto const batch = receive(3);
  must(release(batch[0].receipt));
  expect_error(acknowledge(batch[1].receipt), Code::conflict);
  expect_error(extend(batch[2].receipt, 10s), Code::conflict);
  EXPECT_EQ(drain(), (Texts{"1", "2", "3"}));
}

TEST_P(ConsumerContract, Xa_AFailedMessageClosesTheLaterOnesOfItsDeliveryUncounted) {
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

TEST_P(ConsumerContract, Xa_ReleasingALaterMessageLeavesTheEarlierOnesTheirs) {
  for (auto const* body : {"1", "2", "3"}) send("g", body);
  auto const batch = receive(3);
  must(release(batch[1].receipt));
  EXPECT_TRUE(receive().empty());
  expect_error(acknowledge(batch[2].receipt), Code::conflict);
  must(acknowledge(batch[0].receipt));
  EXPECT_EQ(drain(), (Texts{"2", "3"}));
}

TEST_P(ConsumerContract, Xa_AnExpiredDeliveryClosesAllOfItAndCountsOnlyTheFirst) {
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

TEST_P(ConsumerContract, Xa_MessagesOfAGroupSettleInOrder) {
  for (auto const* body : {"1", "2"}) send("g", body);
  auto const batch = receive(2);
  expect_error(acknowledge(batch[1].receipt), Code::conflict);
  expect_error(fail_it(batch[1].receipt, {.cause = "no"}), Code::conflict);
  must(acknowledge(batch[0].receipt));
  must(acknowledge(batch[1].receipt));
}

TEST_P(ConsumerContract, Xb_Q1_ALateWorkerChangesNothing) {
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

TEST_P(ConsumerContract, Xb_AReplayedAcknowledgementAnswersSuccess) {
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

TEST_P(ConsumerContract, Xb_AReplayAfterALostDeliverySucceedsOnlyForTheOneThatDidIt) {
  send("g", "1");
  auto const lost = receive_one(10s);
  pass(10s);
  auto const done = receive_one();
  must(acknowledge(done.receipt));
  must(acknowledge(done.receipt));
  expect_error(acknowledge(lost.receipt), Code::conflict);
}

TEST_P(ConsumerContract, Q5_ForgedReceiptsChangeNothing) {
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

TEST_P(ConsumerContract, P_AReleaseDoesNotCountAsAnAttempt) {
  declare({.attempts_max = 2});
  send("g", "1");
  for (auto i = 0; i < 5; ++i) {
    auto const message = receive_one();
    EXPECT_EQ(message.receipt.attempt, 1);
    must(release(message.receipt));
  }
  EXPECT_EQ(drain(), (Texts{"1"}));
}

TEST_P(ConsumerContract, P_ALongPollWakesWhenAMessageIsSent) {
  auto got = std::vector<Message>{};
  must(wait_for<void>([&]() -> Async<> {
    auto const executor = co_await asio::this_coro::executor;
    // Begins when the receive below first waits, so that its look comes first.
    spawn(executor, [&]() -> asio::awaitable<void> {
      auto message = Outgoing{"q", tenant, "g", "late", {}, Micros{0}};
      auto const work = [&](sql::Transaction& tx) { return outbox().send_one(tx, message); };
      auto const sent = co_await in_database(work);
      EXPECT_TRUE(sent.has_value());
    });
    auto request = ReceiveRequest{.queue = "q", .wait = 20s};
    CO_TRY(got, co_await consumer().receive(std::move(request), soon()));
    co_return Result<void>{};
  }));
  EXPECT_EQ(bodies(got), (Texts{"late"}));
}

TEST_P(ConsumerContract, P_ALongPollThatFindsNothingAnswersEmptyAtItsEnd) {
  auto const request = ReceiveRequest{.queue = "q", .wait = 30ms};
  EXPECT_TRUE(
      must(wait_for<std::vector<Message>>([&] { return consumer().receive(request, soon()); })).empty());
}

TEST_P(ConsumerContract, S32_Q3_AttemptsThatEndWithoutAnAnswerCountToo) {
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

TEST_P(ConsumerContract, S35_AFailingHeadHoldsItsGroupAndNobodyElses) {
  send("a", "a1");
  send("a", "a2");
  send("b", "b1");
  auto const head = receive_one();
  must(fail_it(head.receipt, {.cause = "no", .delay = 1h}));
  auto const other = head.group == "a" ? "b1" : "a1";
  EXPECT_EQ(receive_one().body, other);
}

TEST_P(ConsumerContract, S36_WithSkipTheSurvivorsGoOnInTheirOrder) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  auto const first = receive_one();
  must(acknowledge(first.receipt));
  kill_next("broken");
  EXPECT_EQ(drain(), (Texts{"3", "4"}));
}

TEST_P(ConsumerContract, P_BackoffGrowsWithEveryFailureAndParksTheGroupOnly) {
  declare({.attempts_max = 10, .backoff_base = 10s, .backoff_max = 60s});
  send("g", "1");
  send("g", "2");
  auto expected = Micros{10s};
  for (auto failures = 1; failures <= 5; ++failures) {
    must(fail_it(receive_one().receipt, {.cause = "no"}));
    pass(expected * 8 / 10 - Micros{1});
    EXPECT_TRUE(receive().empty());
    pass(expected * 4 / 10 + Micros{1});
    expected = std::min<Micros>(expected * 2, 60s);
  }
  EXPECT_EQ(drain(), (Texts{"1", "2"}));
}

TEST_P(ConsumerContract, Xf_ADeepGroupNeverHidesAnother) {
  must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
    for (auto i = 0; i < 3000; ++i)
      CHECK(outbox().send_one(tx, {"q", tenant, "deep", std::to_string(i), {}, Micros{0}}));
    return {};
  }));
  send("shallow", "s");
  auto const first = receive_one();
  auto const second = receive_one();
  EXPECT_NE(first.group, second.group);
  EXPECT_TRUE(receive(10).empty());
}

TEST_P(ConsumerContract, S43_Q7_TenantsShareFairlyWhateverTheirBacklog) {
  for (auto i = 0; i < 200; ++i) send_as("noisy", "g" + std::to_string(i), "n");
  for (auto i = 0; i < 5; ++i) send_as("quiet", "g" + std::to_string(i), "q");
  auto seen = std::vector<std::string>{};
  for (auto i = 0; i < 10; ++i) {
    auto const message = receive_one();
    seen.push_back(message.tenant.str());
    must(acknowledge(message.receipt));
  }
  EXPECT_EQ(std::ranges::count(seen, "quiet"), 5);
}

TEST_P(ConsumerContract, S43_ATenantThatTookManyAtOnceStandsBackForOthers) {
  for (auto i = 0; i < 40; ++i) send_as("noisy", "one-group", "n" + std::to_string(i));
  for (auto i = 0; i < 20; ++i) send_as("quiet", "g" + std::to_string(i), "q");
  auto noisy = receive(10);
  if (noisy[0].tenant.str() == "quiet") noisy = receive(10);
  auto counts = std::map<std::string, int>{};
  for (auto i = 0; i < 8; ++i)
    for (auto const& message : receive(1)) ++counts[message.tenant.str()];
  EXPECT_GE(counts["quiet"], 7);
}

}  // namespace hoist::contract
