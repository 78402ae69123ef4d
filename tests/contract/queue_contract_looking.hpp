// The queue contract: looking, order receipts, fairness, tenants.
#pragma once

#include <algorithm>
#include <map>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "contract/queue_harness.hpp"
#include "model/chain.hpp"

namespace hoist::contract {

TEST_P(QueueContract, P_FindTellsStateAttemptsAndHowManyAreAhead) {
  auto const first = send("g", "1");
  auto const third = (send("g", "2"), send("g", "3"));
  EXPECT_EQ(find(third.id)->ahead, 2);
  auto const message = receive_one();
  EXPECT_EQ(find(first.id)->state, MessageInfo::State::in_flight);
  must(fail_it(message.receipt, {.cause = "no", .delay = 1h}));
  auto const info = *find(first.id);
  EXPECT_EQ(info.state, MessageInfo::State::waiting);
  EXPECT_EQ(info.attempts, 1);
  EXPECT_EQ(info.last_error, "no");
  EXPECT_EQ(info.ready_at, clock().now() + 1h);
  EXPECT_FALSE(find(MessageId{"unknown"}).has_value());
}

TEST_P(QueueContract, P_GroupsSayWhatTheyWaitFor) {
  using State = GroupInfo::State;
  EXPECT_EQ(group("g").state, State::idle);
  send("g", "1", {}, 10s);
  EXPECT_EQ(group("g").state, State::delayed);
  pass(10s);
  EXPECT_EQ(group("g").state, State::ready);
  auto const message = receive_one();
  EXPECT_EQ(group("g").state, State::in_flight);
  must(acknowledge(message.receipt));
  EXPECT_EQ(group("g").state, State::idle);
  EXPECT_EQ(group("g").last_sequence, 1);
}

TEST_P(QueueContract, P_EveryMessageExtendsTheChainOfItsGroup) {
  auto const first = send("g", "1");
  auto const second = send("g", "2");
  EXPECT_EQ(first.chain.size(), 64U);
  EXPECT_NE(first.chain, second.chain);
  EXPECT_EQ(group("g").chain, second.chain);
  drain();
  EXPECT_EQ(group("g").chain, second.chain);
}

TEST_P(QueueContract, P_WhoKeptTheChainCanComputeItAgainFromWhatWasDelivered) {
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

TEST_P(QueueContract, Xf_ADeepGroupNeverHidesAnother) {
  must(in_transaction([&](sql::Transaction& tx) -> Result<void> {
    for (auto i = 0; i < 3000; ++i)
      CHECK(queue().send(tx, {"q", tenant, "deep", std::to_string(i), {}, Micros{0}}));
    return {};
  }));
  send("shallow", "s");
  auto const first = receive_one();
  auto const second = receive_one();
  EXPECT_NE(first.group, second.group);
  EXPECT_TRUE(receive(10).empty());
}

TEST_P(QueueContract, S43_Q7_TenantsShareFairlyWhateverTheirBacklog) {
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

TEST_P(QueueContract, S43_ATenantThatTookManyAtOnceStandsBackForOthers) {
  for (auto i = 0; i < 40; ++i) send_as("noisy", "one-group", "n" + std::to_string(i));
  for (auto i = 0; i < 20; ++i) send_as("quiet", "g" + std::to_string(i), "q");
  auto noisy = receive(10);
  if (noisy[0].tenant.str() == "quiet") noisy = receive(10);
  auto counts = std::map<std::string, int>{};
  for (auto i = 0; i < 8; ++i)
    for (auto const& message : receive(1)) ++counts[message.tenant.str()];
  EXPECT_GE(counts["quiet"], 7);
}

TEST_P(QueueContract, P_TenantsDoNotSeeEachOther) {
  auto const mine = send("g", "1");
  send_as("zeta", "g", "z");
  EXPECT_EQ(stats().waiting, 1);
  EXPECT_EQ(list("g").size(), 1U);
  auto const zeta = TenantId{"zeta"};
  EXPECT_FALSE(must(wait_for<std::optional<MessageInfo>>([&] {
                 return queue().find("q", zeta, mine.id, soon());
               })).has_value());
  auto const stolen =
      in_transaction([&](sql::Transaction& tx) { return queue().cancel(tx, "q", zeta, mine.id); });
  expect_error(stolen, Code::not_found);
  EXPECT_EQ(must(wait_for<QueueStats>([&] { return queue().stats("q", system_scope(), soon()); })).waiting,
            2);
}

TEST_P(QueueContract, S44_StatsAnswerDepthInFlightDeadAndAge) {
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

TEST_P(QueueContract, P_ForgottenGroupsComeBackWhenUsed) {
  declare({.forget_group = 1h});
  send("g", "1");
  drain();
  send("keeps", "1");
  pass(2h);
  maintain();
  EXPECT_EQ(group("g").last_sequence, 0);
  EXPECT_EQ(group("keeps").last_sequence, 1);
  EXPECT_EQ(send("g", "2").sequence, 1);
  EXPECT_EQ(drain().size(), 2U);
}

}  // namespace hoist::contract
