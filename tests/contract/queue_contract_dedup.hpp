// The queue contract: deduplication.
#pragma once

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "contract/queue_harness.hpp"

namespace hoist::contract {

TEST_P(QueueContract, S10_Q4_ARepeatInsideTheWindowAnswersTheFirstAndIsNotDelivered) {
  auto const first = send("g", "body", "key");
  auto const again = send("g", "body", "key");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.sequence, first.sequence);
  EXPECT_EQ(again.chain, first.chain);
  EXPECT_EQ(drain(), (Texts{"body"}));
}

TEST_P(QueueContract, S11_Q4_TheWindowRunsFromTheFirstSendAndRepeatsDoNotExtendIt) {
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

TEST_P(QueueContract, S12_TheMemoryOutlivesAcknowledgement) {
  send("g", "body", "key");
  EXPECT_EQ(drain().size(), 1U);
  EXPECT_TRUE(send("g", "body", "key").duplicate);
  EXPECT_TRUE(receive().empty());
}

TEST_P(QueueContract, S13_TheMemoryOutlivesDeath) {
  send("g", "body", "key");
  kill_next("broken");
  EXPECT_TRUE(send("g", "body", "key").duplicate);
  EXPECT_TRUE(receive().empty());
}

TEST_P(QueueContract, S14_PurgeClearsTheMemory) {
  send("g", "body", "key");
  EXPECT_EQ(purge(), 1);
  EXPECT_FALSE(send("g", "body", "key").duplicate);
  EXPECT_EQ(drain().size(), 1U);
}

TEST_P(QueueContract, S15_KeysAreUniqueInTheQueueAcrossGroups) {
  send("g", "body", "key");
  EXPECT_TRUE(send("other", "body", "key").duplicate);
}

TEST_P(QueueContract, S15_KeysAreUniqueInTheGroupWhereTheQueueSaysSo) {
  declare({.dedup_scope = DedupScope::group});
  send("g", "body", "key");
  EXPECT_FALSE(send("other", "body", "key").duplicate);
  EXPECT_TRUE(send("g", "body", "key").duplicate);
}

TEST_P(QueueContract, S16_TheScopeOfALiveQueueCannotChange) {
  declare({.dedup_scope = DedupScope::queue});
  expect_error(queue().declare("q", {.dedup_scope = DedupScope::group}), Code::conflict);
}

TEST_P(QueueContract, S17_ContentKeysAreTheHashOfTheBodyAndAnOwnKeyWins) {
  declare({.content_dedup = true});
  auto const first = send("g", "body");
  EXPECT_TRUE(send("g", "body").duplicate);
  EXPECT_FALSE(send("g", "other body").duplicate);
  EXPECT_FALSE(send("g", "body", "own-key").duplicate);
  auto const spelled = send("g", "body", hex(sha256("body")));
  EXPECT_TRUE(spelled.duplicate);
  EXPECT_EQ(spelled.id, first.id);
}

TEST_P(QueueContract, Xc_TheSameKeyWithAnotherBodyIsAConflict) {
  send("g", "body", "key");
  expect_error(try_send({"q", tenant, "g", "another body", "key", Micros{0}}), Code::conflict);
  EXPECT_EQ(drain(), (Texts{"body"}));
}

TEST_P(QueueContract, Xc_TheMemoryIsDurableAndPerTenant) {
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

TEST_P(QueueContract, Xd_SequencesGoOnAfterARestart) {
  auto const first = send("g", "1");
  EXPECT_EQ(drain().size(), 1U);
  restart();
  EXPECT_EQ(send("g", "2").sequence, first.sequence + 1);
}

TEST_P(QueueContract, Xe_ABatchIsAllOrNothing) {
  auto const done = in_transaction([&](sql::Transaction& tx) -> Result<void> {
    CHECK(queue().send(tx, {"q", tenant, "g", "1", {}, Micros{0}}));
    CHECK(queue().send(tx, {"q", tenant, "g", std::string(queue_body_bytes_max + 1, 'x'), {}, Micros{0}}));
    return {};
  });
  expect_error(done, Code::too_large);
  EXPECT_TRUE(receive().empty());
  EXPECT_EQ(send("g", "2").sequence, 1);
}

}  // namespace hoist::contract
