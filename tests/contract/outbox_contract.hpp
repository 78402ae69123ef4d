// The contract of Outbox and QueueRegistry: rules, sending, deduplication, order receipts, limits.
#pragma once

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "contract/queue_harness.hpp"
#include "model/chain.hpp"

namespace hoist::contract {

class OutboxContract : public QueueFixture {};

TEST_P(OutboxContract, S2_DeclaringTheSameAgainIsFineAndAnotherPolicyIsAConflict) {
  declare({.attempts_max = 5});
  declare({.attempts_max = 5});
  expect_error(registry().declare("q", {.attempts_max = 6}), Code::conflict);
}

TEST_P(OutboxContract, S3_ASendWithoutGroupIsInvalid) {
  expect_error(try_send({"q", tenant, "", "body", {}, Micros{0}}), Code::invalid);
}

TEST_P(OutboxContract, S4_WithoutAKeyEverySendIsANewMessage) {
  auto const first = send("g", "same");
  auto const second = send("g", "same");
  EXPECT_NE(first.id, second.id);
  EXPECT_FALSE(second.duplicate);
  EXPECT_EQ(drain(), (Texts{"same", "same"}));
}

TEST_P(OutboxContract, S5_GroupsAndKeysAreOneTo128VisibleCharacters) {
  auto const longest = std::string(128, 'x');
  EXPECT_TRUE(try_send({"q", tenant, longest, "a", longest, Micros{0}}).has_value());
  EXPECT_TRUE(try_send({"q", tenant, "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~", "b", {}, Micros{0}}).has_value());
  expect_error(try_send({"q", tenant, longest + "x", "a", {}, Micros{0}}), Code::invalid);
  expect_error(try_send({"q", tenant, "g", "a", longest + "x", Micros{0}}), Code::invalid);
  expect_error(try_send({"q", tenant, "a b", "a", {}, Micros{0}}), Code::invalid);
  expect_error(try_send({"q", tenant, "ñ", "a", {}, Micros{0}}), Code::invalid);
}

TEST_P(OutboxContract, S6_OrderHoldsAcrossADelay) {
  send("g", "1", {}, 10s);
  send("g", "2");
  EXPECT_TRUE(receive().empty());
  pass(10s);
  EXPECT_EQ(drain(), (Texts{"1", "2"}));
  expect_error(try_send({"q", tenant, "g", "a", {}, Micros{-1}}), Code::invalid);
}

TEST_P(OutboxContract, S7_SequenceGrowsInAGroupAndIsTheSameAtEveryDelivery) {
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

TEST_P(OutboxContract, S8_SendsOfOneTransactionKeepTheirOrder) {
  must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
    for (auto i = 1; i <= 20; ++i)
      CHECK(outbox().send_one(tx, {"q", tenant, "g", std::to_string(i), {}, Micros{0}}));
    return {};
  }));
  auto const all = drain();
  ASSERT_EQ(all.size(), 20U);
  for (auto i = 0; i < 20; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)], std::to_string(i + 1));
}

TEST_P(OutboxContract, P_ManySentAtOnceAreAsSentOneByOne) {
  auto const before = send("a", "a1");
  auto const messages = std::vector<Outgoing>{{"q", tenant, "a", "a2", "k", Micros{0}},
                                              {"q", tenant, "b", "b1", {}, Micros{0}},
                                              {"q", tenant, "a", "a2", "k", Micros{0}},
                                              {"q", tenant, "a", "a3", {}, Micros{0}}};
  auto sent = std::vector<Sent>{};
  must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
    TRY(sent, outbox().send(tx, messages));
    return {};
  }));
  ASSERT_EQ(sent.size(), 4U);
  EXPECT_EQ(sent[0].sequence, before.sequence + 1);
  EXPECT_EQ(sent[1].sequence, 1);
  EXPECT_TRUE(sent[2].duplicate);
  EXPECT_EQ(sent[2].id, sent[0].id);
  EXPECT_EQ(sent[3].sequence, before.sequence + 2);
  auto all = drain();
  EXPECT_EQ(std::erase(all, "b1"), 1U);
  EXPECT_EQ(all, (Texts{"a1", "a2", "a3"}));
}

TEST_P(OutboxContract, P_ManySentAtOnceAreAllSentOrNone) {
  declare({.depth_max = 2});
  auto messages = std::vector<Outgoing>{};
  for (auto const* group : {"a", "b", "c"}) messages.push_back({"q", tenant, group, "body", {}, Micros{0}});
  expect_error(in_transaction([&](sql::Transaction& tx) -> Result<void> {
                 CHECK(outbox().send(tx, messages));
                 return {};
               }),
               Code::throttled);
  EXPECT_EQ(stats().waiting, 0);
}

TEST_P(OutboxContract, S9_Q6_ABodyMayHave256KiBAndNotAByteMore) {
  auto const largest = std::string(queue_body_bytes_max, 'x');
  send("g", largest);
  EXPECT_EQ(receive_one().body.size(), queue_body_bytes_max);
  expect_error(try_send({"q", tenant, "g", largest + "x", {}, Micros{0}}), Code::too_large);
}

TEST_P(OutboxContract, S10_Q4_ARepeatInsideTheWindowAnswersTheFirstAndIsNotDelivered) {
  auto const first = send("g", "body", "key");
  auto const again = send("g", "body", "key");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.sequence, first.sequence);
  EXPECT_EQ(again.chain, first.chain);
  EXPECT_EQ(drain(), (Texts{"body"}));
}

TEST_P(OutboxContract, S11_Q4_TheWindowRunsFromTheFirstSendAndRepeatsDoNotExtendIt) {
  declare({.dedup_window = 10s});
  auto const first = send("g", "body", "key");
  pass(9s);
  EXPECT_TRUE(send("g", "body", "key").duplicate);
  pass(1s);
  auto const later = send("g", "body", "key");
  EXPECT_FALSE(later.duplicate);
  EXPECT_NE(later.id, first.id);
  EXPECT_EQ(drain().size(), 2U);
}

TEST_P(OutboxContract, S12_TheMemoryOutlivesAcknowledgement) {
  send("g", "body", "key");
  EXPECT_EQ(drain().size(), 1U);
  EXPECT_TRUE(send("g", "body", "key").duplicate);
  EXPECT_TRUE(receive().empty());
}

TEST_P(OutboxContract, S13_TheMemoryOutlivesDeath) {
  send("g", "body", "key");
  kill_next("broken");
  EXPECT_TRUE(send("g", "body", "key").duplicate);
  EXPECT_TRUE(receive().empty());
}

TEST_P(OutboxContract, S14_PurgeClearsTheMemory) {
  send("g", "body", "key");
  EXPECT_EQ(purge(), 1);
  EXPECT_FALSE(send("g", "body", "key").duplicate);
  EXPECT_EQ(drain().size(), 1U);
}

TEST_P(OutboxContract, S15_KeysAreUniqueInTheQueueAcrossGroups) {
  send("g", "body", "key");
  EXPECT_TRUE(send("other", "body", "key").duplicate);
}

TEST_P(OutboxContract, S15_KeysAreUniqueInTheGroupWhereTheQueueSaysSo) {
  declare({.dedup_scope = DedupScope::group});
  send("g", "body", "key");
  EXPECT_FALSE(send("other", "body", "key").duplicate);
  EXPECT_TRUE(send("g", "body", "key").duplicate);
}

TEST_P(OutboxContract, S16_TheScopeOfALiveQueueCannotChange) {
  declare({.dedup_scope = DedupScope::queue});
  expect_error(registry().declare("q", {.dedup_scope = DedupScope::group}), Code::conflict);
}

TEST_P(OutboxContract, S17_ContentKeysAreTheHashOfTheBodyAndAnOwnKeyWins) {
  declare({.content_dedup = true});
  auto const first = send("g", "body");
  EXPECT_TRUE(send("g", "body").duplicate);
  EXPECT_FALSE(send("g", "other body").duplicate);
  EXPECT_FALSE(send("g", "body", "own-key").duplicate);
  auto const spelled = send("g", "body", hex(sha256("body")));
  EXPECT_TRUE(spelled.duplicate);
  EXPECT_EQ(spelled.id, first.id);
}

TEST_P(OutboxContract, Xc_TheSameKeyWithAnotherBodyIsAConflict) {
  send("g", "body", "key");
  expect_error(try_send({"q", tenant, "g", "another body", "key", Micros{0}}), Code::conflict);
  EXPECT_EQ(drain(), (Texts{"body"}));
}

TEST_P(OutboxContract, Xc_TheMemoryIsDurableAndPerTenant) {
  declare({.dedup_window = 1h});
  auto const first = send("g", "body", "key");
  EXPECT_EQ(drain().size(), 1U);
  restart();
  declare({.dedup_window = 1h});
  EXPECT_EQ(send("g", "body", "key").id, first.id);
  auto const other = try_send({"q", TenantId{"zeta"}, "g", "another body", "key", Micros{0}});
  ASSERT_TRUE(other.has_value());
  EXPECT_FALSE(other->duplicate);
}

TEST_P(OutboxContract, Xd_SequencesGoOnAfterARestart) {
  auto const first = send("g", "1");
  EXPECT_EQ(drain().size(), 1U);
  restart();
  EXPECT_EQ(send("g", "2").sequence, first.sequence + 1);
}

TEST_P(OutboxContract, Xe_ABatchIsAllOrNothing) {
  auto const done = in_transaction([&](sql::Transaction& tx) -> Result<void> {
    CHECK(outbox().send_one(tx, {"q", tenant, "g", "1", {}, Micros{0}}));
    CHECK(
        outbox().send_one(tx, {"q", tenant, "g", std::string(queue_body_bytes_max + 1, 'x'), {}, Micros{0}}));
    return {};
  });
  expect_error(done, Code::too_large);
  EXPECT_TRUE(receive().empty());
  EXPECT_EQ(send("g", "2").sequence, 1);
}

TEST_P(OutboxContract, P_Q6_AFullQueueRefusesClearlyAndTakesAgainWhenThereIsRoom) {
  declare({.depth_max = 3});
  for (auto i = 0; i < 3; ++i) send("g" + std::to_string(i), "x");
  auto const refused = try_send({"q", tenant, "g", "x", {}, Micros{0}});
  expect_error(refused, Code::throttled);
  EXPECT_EQ(refused.error().slug(), "queue_full");
  EXPECT_TRUE(refused.error().retry_after_s().has_value());
  EXPECT_TRUE(try_send({"q", TenantId{"zeta"}, "g", "x", {}, Micros{0}}).has_value());
  EXPECT_EQ(drain().size(), 4U);
  EXPECT_TRUE(try_send({"q", tenant, "g", "x", {}, Micros{0}}).has_value());
}

TEST_P(OutboxContract, P_EveryMessageExtendsTheChainOfItsGroup) {
  auto const first = send("g", "1");
  auto const second = send("g", "2");
  EXPECT_EQ(first.chain.size(), 64U);
  EXPECT_NE(first.chain, second.chain);
  EXPECT_NE(send("other", "1").chain, first.chain);
}

TEST_P(OutboxContract, P_WhoKeptTheChainCanComputeItAgainFromWhatWasDelivered) {
  auto const receipts = std::vector{send("g", "1").chain, send("g", "2").chain};
  auto const messages = receive(2);
  auto chain = first_chain();
  for (auto i = std::size_t{0}; i < 2; ++i) {
    auto const& message = messages.at(i);
    auto const body_hash = hex(sha256(message.body));
    chain = next_chain(chain, {.queue = "q",
                               .tenant = message.tenant.str(),
                               .group = message.group,
                               .sequence = message.sequence,
                               .id = message.receipt.id.str(),
                               .sent_at = message.sent_at,
                               .body_sha256 = body_hash});
    EXPECT_EQ(chain, receipts[i]);
  }
}

}  // namespace hoist::contract
