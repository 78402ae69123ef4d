// The queue contract: sending, order, delivery.
#pragma once

#include <set>

#include "contract/queue_harness.hpp"

namespace hoist::contract {

TEST_P(QueueContract, S2_DeclaringTheSameAgainIsFineAndAnotherPolicyIsAConflict) {
  declare({.attempts_max = 5});
  declare({.attempts_max = 5});
  expect_error(queue().declare("q", {.attempts_max = 6}), Code::conflict);
}

TEST_P(QueueContract, S3_ASendWithoutGroupIsInvalid) {
  expect_error(try_send({"q", tenant, "", "body", {}, Micros{0}}), Code::invalid);
}

TEST_P(QueueContract, S4_WithoutAKeyEverySendIsANewMessage) {
  auto const first = send("g", "same");
  auto const second = send("g", "same");
  EXPECT_NE(first.id, second.id);
  EXPECT_FALSE(second.duplicate);
  EXPECT_EQ(drain(), (Texts{"same", "same"}));
}

TEST_P(QueueContract, S5_GroupsAndKeysAreOneTo128VisibleCharacters) {
  auto const longest = std::string(128, 'x');
  EXPECT_TRUE(try_send({"q", tenant, longest, "a", longest, Micros{0}}).has_value());
  EXPECT_TRUE(try_send({"q", tenant, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "b", {}, Micros{0}}).has_value());
  expect_error(try_send({"q", tenant, longest + "x", "a", {}, Micros{0}}), Code::invalid);
  expect_error(try_send({"q", tenant, "g", "a", longest + "x", Micros{0}}), Code::invalid);
  expect_error(try_send({"q", tenant, "a b", "a", {}, Micros{0}}), Code::invalid);
  expect_error(try_send({"q", tenant, "ñ", "a", {}, Micros{0}}), Code::invalid);
}

TEST_P(QueueContract, S6_OrderHoldsAcrossADelay) {
  send("g", "1", {}, 10s);
  send("g", "2");
  EXPECT_TRUE(receive().empty());
  pass(10s);
  EXPECT_EQ(drain(), (Texts{"1", "2"}));
  expect_error(try_send({"q", tenant, "g", "a", {}, Micros{-1}}), Code::invalid);
}

TEST_P(QueueContract, S7_SequenceGrowsInAGroupAndIsTheSameAtEveryDelivery) {
  auto const first = send("g", "1");
  auto const second = send("g", "2");
  EXPECT_LT(first.sequence, second.sequence);
  for (auto attempt = 1; attempt <= 2; ++attempt) {
    auto const message = receive_one();
    EXPECT_EQ(message.sequence, first.sequence);
    EXPECT_EQ(message.receipt.id, first.id);
    must(fail_it(message.receipt, {.cause = "again", .delay = Micros{0}}));
  }
}

TEST_P(QueueContract, S8_SendsOfOneTransactionKeepTheirOrder) {
  must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
    for (auto i = 1; i <= 20; ++i)
      CHECK(queue().send(tx, {"q", tenant, "g", std::to_string(i), {}, Micros{0}}));
    return {};
  }));
  auto const all = drain();
  ASSERT_EQ(all.size(), 20U);
  for (auto i = 0; i < 20; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i + 1));
}

TEST_P(QueueContract, P_ManySentAtOnceAreAsSentOneByOne) {
  auto const before = send("a", "a1");
  auto const messages = std::vector<Outgoing>{{"q", tenant, "a", "a2", "k", Micros{0}},
                                              {"q", tenant, "b", "b1", {}, Micros{0}},
                                              {"q", tenant, "a", "a2", "k", Micros{0}},
                                              {"q", tenant, "a", "a3", {}, Micros{0}}};
  auto sent = std::vector<Sent>{};
  must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
    TRY(sent, queue().send_all(tx, messages));
    return {};
  }));
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[0].sequence, before.sequence + 1);
  EXPECT_EQ(sent[1].sequence, 1);
  EXPECT_TRUE(sent[2].duplicate);
  EXPECT_EQ(sent[2].id, sent[0].id);
  EXPECT_EQ(sent[3].sequence, before.sequence + 2);
  EXPECT_EQ(group("a").chain, sent[3].chain);
  EXPECT_EQ(group("b").depth, 1);
  auto all = drain();
  EXPECT_EQ(std::erase(all, "b1"), 1U);
  EXPECT_EQ(all, (Texts{"a1", "a2", "a3"}));
}

TEST_P(QueueContract, P_ManySentAtOnceAreAllSentOrNone) {
  declare({.depth_max = 2});
  auto messages = std::vector<Outgoing>{};
  for (auto const* group : {"a", "b", "c"}) messages.push_back({"q", tenant, group, "body", {}, Micros{0}});
  expect_error(in_transaction([&](sql::Transaction& tx) -> Result<void> {
                 CHECK(queue().send_all(tx, messages));
                 return {};
               }),
               Code::throttled);
  EXPECT_EQ(stats().waiting, 0);
}

TEST_P(QueueContract, S9_Q6_ABodyMayHave256KiBAndNotAByteMore) {
  auto const largest = std::string(queue_body_bytes_max, 'x');
  send("g", largest);
  EXPECT_EQ(receive_one().body.size(), queue_body_bytes_max);
  expect_error(try_send({"q", tenant, "g", largest + "x", {}, Micros{0}}), Code::too_large);
}

TEST_P(QueueContract, S18_AGroupDeliversItsFrontAndNothingBehindAnAttemptInFlight) {
  for (auto const* body : {"0", "1", "2"}) send("g", body);
  auto const first = receive(2);
  EXPECT_EQ(bodies(first), (Texts{"0", "1"}));
  EXPECT_TRUE(receive(10).empty());
  must(acknowledge(first[0].receipt));
  EXPECT_TRUE(receive(10).empty());
  must(acknowledge(first[1].receipt));
  EXPECT_EQ(bodies(receive(10)), (Texts{"2"}));
}

TEST_P(QueueContract, S19_NewArrivalsOfAGroupInFlightWait) {
  send("g", "1");
  auto const first = receive_one();
  send("g", "2");
  EXPECT_TRUE(receive(10).empty());
  must(acknowledge(first.receipt));
  EXPECT_EQ(receive_one().body, "2");
}

TEST_P(QueueContract, S20_OneReceiveTakesAsManyAsItCanFromAGroupThenFillsFromOthers) {
  for (auto i = 1; i <= 7; ++i) send("a", "a" + std::to_string(i));
  pass(1s);
  for (auto i = 1; i <= 7; ++i) send("b", "b" + std::to_string(i));
  EXPECT_EQ(bodies(receive(10)), (Texts{"a1", "a2", "a3", "a4", "a5", "a6", "a7", "b1", "b2", "b3"}));
}

TEST_P(QueueContract, S21_GroupsDoNotWaitForEachOther) {
  send("a", "a1");
  send("b", "b1");
  auto const first = receive_one();
  auto const second = receive_one();
  EXPECT_NE(first.group, second.group);
}

TEST_P(QueueContract, S22_AcknowledgingAllFreesTheRestAndSomeKeepsTheGroupClosed) {
  for (auto const* body : {"1", "2", "3", "4"}) send("g", body);
  auto const some = receive(3);
  must(acknowledge(some[0].receipt));
  EXPECT_TRUE(receive(10).empty());
  must(acknowledge(some[1].receipt));
  must(acknowledge(some[2].receipt));
  EXPECT_EQ(receive_one().body, "4");
}

TEST_P(QueueContract, S23_ConcurrentReceiversNeverShareAGroup) {
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

TEST_P(QueueContract, S25_VisibilityIsAboveZeroBecauseLookingIsAnotherThing) {
  send("g", "1");
  for (auto const visibility : {Micros{0}, Micros{-1}, queue_visibility_max + Micros{1}}) {
    auto const request = ReceiveRequest{.queue = "q", .visibility = visibility};
    expect_error(wait_for<std::vector<Message>>([&] { return queue().receive(request, soon()); }),
                 Code::invalid);
  }
  for (auto const max : {0, 11}) {
    auto const request = ReceiveRequest{.queue = "q", .max = max};
    expect_error(wait_for<std::vector<Message>>([&] { return queue().receive(request, soon()); }),
                 Code::invalid);
  }
}

}  // namespace hoist::contract
