// What every EventIndex adapter promises.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <random>

#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/try.hpp"
#include "ports/event_index.hpp"

namespace hoist::contract {

class EventIndexHolder {
 public:
  virtual ~EventIndexHolder() = default;
  virtual EventIndex& index() = 0;
  // One transaction, durable when it answers success.
  virtual Result<void> write(std::function<Result<void>(sql::Transaction&)> work) = 0;
  virtual void restart() = 0;
};

struct EventIndexUnderTest {
  std::string name;
  std::function<std::unique_ptr<EventIndexHolder>()> make;
};

class EventIndexContract : public ::testing::TestWithParam<EventIndexUnderTest> {
 protected:
  NewEvent event(std::string user, std::string type) {
    auto made = NewEvent{};
    now_ += std::chrono::seconds{1};
    made.id = EventId{new_uuid7(now_)};
    made.user = UserId{std::move(user)};
    made.type = std::move(type);
    made.at = now_;
    made.details = R"({"n":1})";
    made.request_hash = sha256(made.details);
    return made;
  }
  Result<IndexedEvent> append(NewEvent one, TenantId const& tenant = TenantId{"acme"}) {
    auto appended = Result<IndexedEvent>{std::unexpected{Error{Code::internal}}};
    auto const done = holder_->write([&](sql::Transaction& tx) -> Result<void> {
      TRY(auto outcomes, holder_->index().append(tx, tenant, {one}));
      appended = std::move(outcomes.front());
      return {};
    });
    if (!done) return std::unexpected{done.error()};
    return appended;
  }
  template <class T>
  T run(std::function<Result<T>(EventIndex&, sql::Transaction&)> work) {
    auto found = T{};
    auto const done = holder_->write([&](sql::Transaction& tx) -> Result<void> {
      TRY(found, work(holder_->index(), tx));
      return {};
    });
    EXPECT_TRUE(done) << done.error().to_string();
    return found;
  }
  std::vector<IndexedEvent> list(EventQuery query = {}) {
    if (query.tenant.empty()) query.tenant = acme_;
    return run<std::vector<IndexedEvent>>([&](auto& index, auto& tx) { return index.list(tx, query); });
  }
  EventHead head() {
    return run<EventHead>([&](auto& index, auto& tx) { return index.head(tx, acme_); });
  }
  std::vector<OutboxItem> outbox() {
    return run<std::vector<OutboxItem>>([&](auto& index, auto& tx) { return index.outbox(tx, 0, 1000); });
  }
  std::int64_t outbox_depth() {
    return run<std::int64_t>([&](auto& index, auto& tx) { return index.outbox_depth(tx); });
  }
  std::int64_t redact(EventId const& id) {
    return run<std::int64_t>([&](auto& index, auto& tx) { return index.redact(tx, acme_, {id}); });
  }
  std::int64_t retire(std::int64_t first_kept) {
    return run<std::int64_t>([&](auto& index, auto& tx) { return index.retire(tx, acme_, first_kept); });
  }

  TenantId const acme_{"acme"};
  Time now_ = from_us(1'700'000'000'000'000);
  std::unique_ptr<EventIndexHolder> holder_ = GetParam().make();
};

TEST_P(EventIndexContract, SequencesAreDensePerTenantAndTheChainFollows) {
  auto chain = event_chain_start();
  for (auto i = 1; i <= 4; ++i) {
    auto const made = append(event("ana", "login"));
    ASSERT_TRUE(append(event("ana", "login"), TenantId{"other"}));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->facts.sequence, i);
    chain = next_event_chain(chain, event_leaf(made->facts));
    EXPECT_EQ(made->chain, chain);
  }
  holder_->restart();
  EXPECT_EQ(head().last_sequence, 4);
  EXPECT_EQ(head().chain, chain);
  EXPECT_EQ(head().chain_before, event_chain_start());
  EXPECT_EQ(append(event("ana", "login"))->facts.sequence, 5);
  EXPECT_EQ((run<std::vector<TenantId>>([](auto& index, auto& tx) { return index.tenants(tx); })),
            (std::vector{acme_, TenantId{"other"}}));
}

TEST_P(EventIndexContract, LeavesAreThoseOfTheEventsListed) {
  for (auto const* type : {"login", "with \"quotes\"", "logout"}) ASSERT_TRUE(append(event("ana", type)));
  auto sealed = event("ana", "sealed before");
  sealed.seal = seal_event("ana", sealed.details);
  ASSERT_TRUE(append(sealed));
  auto const leaves = [&](std::int64_t after, int limit) {
    return run<std::vector<std::string>>(
        [&](auto& index, auto& tx) { return index.leaves(tx, acme_, after, limit); });
  };
  auto expected = std::vector<std::string>{};
  for (auto const& listed : list()) expected.push_back(event_leaf(listed.facts));
  EXPECT_EQ(leaves(0, 100), expected);
  EXPECT_EQ(leaves(1, 2), (std::vector{expected.at(1), expected.at(2)}));
  EXPECT_EQ(list().at(3).facts.user_hash, sealed.seal->user_hash);
}

TEST_P(EventIndexContract, WhatIsListedIsWhatWasAppended) {
  auto const made = *append(event("ana", "login"));
  auto const found = list().at(0);
  EXPECT_EQ(event_leaf(found.facts), event_leaf(made.facts));
  EXPECT_EQ(found.chain, made.chain);
  EXPECT_EQ(found.user, UserId{"ana"});
  EXPECT_EQ(commitment(found.user_salt, "ana"), found.facts.user_hash);
  EXPECT_EQ(commitment(made.details.salt, R"({"n":1})"), found.facts.details_hash);
  EXPECT_FALSE(found.holds_details);
}

TEST_P(EventIndexContract, ATransactionThatFailsLeavesNoEventAndNoGap) {
  auto one = event("ana", "login");
  EXPECT_FALSE(holder_->write([&](sql::Transaction& tx) -> Result<void> {
    CHECK(holder_->index().append(tx, acme_, {one}));
    return fail(Code::conflict);
  }));
  EXPECT_TRUE(list().empty());
  EXPECT_TRUE(outbox().empty());
  EXPECT_EQ(append(event("ana", "login"))->facts.sequence, 1);
}

TEST_P(EventIndexContract, ARepeatedIdAnswersTheFirstAndAnotherRequestFailsAlone) {
  auto one = event("ana", "login");
  one.id_given = true;
  ASSERT_TRUE(append(one));
  auto const again = append(one);
  EXPECT_TRUE(again->duplicate);
  EXPECT_EQ(again->facts.sequence, 1);
  auto other = one;
  other.request_hash = sha256("other");
  auto next = event("ben", "login");
  auto const done = holder_->write([&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const outcomes, holder_->index().append(tx, acme_, {other, next}));
    EXPECT_EQ(outcomes[0].error().code(), Code::key_reuse);
    EXPECT_EQ(outcomes[1]->facts.sequence, 2);
    return {};
  });
  EXPECT_TRUE(done);
  EXPECT_EQ(append(one, TenantId{"other"})->facts.sequence, 1) << "ids are a tenant's own (A13)";
}

TEST_P(EventIndexContract, AnIdRepeatedWithinOneCallIsOneEvent) {
  auto one = event("ana", "login");
  one.id_given = true;
  auto other = one;
  other.request_hash = sha256("other");
  auto const outcomes = run<std::vector<Result<IndexedEvent>>>(
      [&](auto& index, auto& tx) { return index.append(tx, acme_, {one, one, other, one}); });
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_FALSE(outcomes[0]->duplicate);
  EXPECT_EQ(outcomes[2].error().code(), Code::key_reuse);
  for (auto const at : {1U, 3U}) {
    EXPECT_TRUE(outcomes[at]->duplicate);
    EXPECT_EQ(outcomes[at]->facts.sequence, 1);
  }
  EXPECT_EQ(list().size(), 1U);
  EXPECT_EQ(outbox().size(), 1U);
}

TEST_P(EventIndexContract, EveryEventOfALongCallHasItsOwnPlaceAndNumber) {
  auto events = std::vector<NewEvent>{};
  for (auto i = 0; i < 100; ++i) {
    events.push_back(event("ana", std::to_string(i)));
    events.back().keep_details = i % 7 == 0;
  }
  auto const outcomes = run<std::vector<Result<IndexedEvent>>>(
      [&](auto& index, auto& tx) { return index.append(tx, acme_, events); });
  auto const listed = list();
  auto const waiting = outbox();
  ASSERT_EQ(listed.size(), events.size());
  auto next = waiting.begin();
  for (std::size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(listed[i].facts.id, events[i].id);
    EXPECT_EQ(listed[i].chain, outcomes[i]->chain);
    EXPECT_EQ(listed[i].holds_details, events[i].keep_details);
    if (events[i].keep_details) continue;
    ASSERT_NE(next, waiting.end());
    EXPECT_EQ(next->event, events[i].id);
    EXPECT_EQ(next->number, outcomes[i]->details.number);
    ++next;
  }
  EXPECT_EQ(next, waiting.end());
}

TEST_P(EventIndexContract, ATransactionSeesWhatItDid) {
  auto const done = holder_->write([&](sql::Transaction& tx) -> Result<void> {
    auto& index = holder_->index();
    CHECK(index.append(tx, acme_, {event("ana", "a")}));
    TRY(auto const head, index.head(tx, acme_));
    EXPECT_EQ(head.last_sequence, 1);
    TRY(auto const items, index.outbox(tx, 0, 10));
    EXPECT_EQ(items.size(), 1U);
    return {};
  });
  EXPECT_TRUE(done);
}

TEST_P(EventIndexContract, ListsFollowTheirFiltersInBothDirections) {
  for (auto i = 0; i < 12; ++i)
    ASSERT_TRUE(append(event(i % 2 == 0 ? "ana" : "ben", i % 3 == 0 ? "a" : "b")));
  auto const sequences = [&](EventQuery query) {
    auto found = std::vector<std::int64_t>{};
    for (auto const& one : list(std::move(query))) found.push_back(one.facts.sequence);
    return found;
  };
  using Expected = std::vector<std::int64_t>;
  EXPECT_EQ(sequences({.user = UserId{"ana"}, .limit = 3}), (Expected{1, 3, 5}));
  EXPECT_EQ(sequences({.user = UserId{"ana"}, .after = 5, .limit = 2}), (Expected{7, 9}));
  EXPECT_EQ(sequences({.type = "a", .descending = true}), (Expected{10, 7, 4, 1}));
  EXPECT_EQ(sequences({.descending = true, .after = 4, .limit = 2}), (Expected{3, 2}));
  EXPECT_EQ(sequences({.user = UserId{"ben"}, .type = "a"}), (Expected{4, 10}));
  auto const third = list()[2].facts.at;
  EXPECT_EQ(sequences({.from = third, .to = third + std::chrono::seconds{2}}), (Expected{3, 4}));
  EXPECT_EQ(sequences({.tenant = TenantId{"other"}}), Expected{});
}

// Events may tell of any time before they are received, and the clock that receives them may be set back.
TEST_P(EventIndexContract, ListsOfATimeMissNothingWhateverTheOrderOfArrival) {
  auto random = std::minstd_rand{7};
  auto events = std::vector<NewEvent>{};
  for (auto i = 0; i < 2500; ++i) {
    if (i == 1500) now_ -= std::chrono::hours{24};
    auto one = event(i % 7 == 0 ? "ana" : "ben", i % 5 == 0 ? "a" : "b");
    if (random() % 10 == 0) one.at -= std::chrono::seconds{random() % 200'000};
    events.push_back(std::move(one));
  }
  auto const all = run<std::vector<Result<IndexedEvent>>>(
      [&](auto& index, auto& tx) { return index.append(tx, acme_, events); });
  ASSERT_EQ(all.size(), events.size());
  auto const paged = [&](EventQuery query) {
    auto found = std::vector<std::int64_t>{};
    query.limit = 300;
    while (true) {
      auto const page = list(query);
      for (auto const& one : page) found.push_back(one.facts.sequence);
      if (std::ssize(page) < query.limit) return found;
      query.after = found.back();
    }
  };
  auto const expected = [&](EventQuery const& query) {
    auto found = std::vector<std::int64_t>{};
    for (auto const& one : all) {
      auto const& facts = one->facts;
      if ((!query.user || one->user == query.user) && (!query.type || facts.type == *query.type) &&
          (!query.from || facts.at >= *query.from) && (!query.to || facts.at < *query.to))
        found.push_back(facts.sequence);
    }
    if (query.descending) std::ranges::reverse(found);
    return found;
  };
  for (auto i = 0; i < 40; ++i) {
    auto query = EventQuery{};
    auto const some_time = [&] { return now_ - std::chrono::seconds{random() % 300'000}; };
    if (random() % 2 == 0) query.from = some_time();
    if (random() % 2 == 0) query.to = some_time();
    if (random() % 3 == 0) query.user = UserId{"ana"};
    if (random() % 3 == 0) query.type = "a";
    query.descending = random() % 2 == 0;
    EXPECT_EQ(paged(query), expected(query)) << "query " << i;
  }
  EXPECT_EQ(retire(2100), 2099);
  auto query = EventQuery{};
  query.to = now_;
  for (auto const sequence : paged(query)) EXPECT_GE(sequence, 2100);
  EXPECT_FALSE(paged(query).empty());
}

TEST_P(EventIndexContract, TheOutboxHoldsDetailsUntilTheyAreSettled) {
  EXPECT_EQ(outbox_depth(), 0);
  auto const first = *append(event("ana", "a"));
  auto const second = *append(event("ana", "b"));
  auto const items = outbox();
  ASSERT_EQ(items.size(), 2U);
  EXPECT_GE(outbox_depth(), 2) << "never too few";
  EXPECT_EQ(items[0].event, first.facts.id);
  EXPECT_EQ(items[0].tenant, acme_);
  EXPECT_EQ(items[0].details, R"({"n":1})");
  EXPECT_EQ(commitment(items[0].salt, items[0].details), first.facts.details_hash);
  EXPECT_EQ(items[1].number, second.details.number);
  ASSERT_TRUE(holder_->write(
      [&](sql::Transaction& tx) { return holder_->index().settle(tx, {items[0].number, 999'999}); }));
  holder_->restart();
  ASSERT_EQ(outbox().size(), 1U);
  EXPECT_EQ(outbox_depth(), 1);
  EXPECT_EQ(outbox()[0].number, items[1].number);
}

TEST_P(EventIndexContract, SettlingTakesExactlyTheNumbersItIsGiven) {
  auto numbers = std::vector<std::int64_t>{};
  for (auto i = 0; i < 10; ++i) numbers.push_back(append(event("ana", "a"))->details.number);
  auto const taken = std::vector{numbers[8], numbers[1], numbers[2], numbers[2], numbers[5], numbers[9]};
  ASSERT_TRUE(holder_->write([&](sql::Transaction& tx) { return holder_->index().settle(tx, taken); }));
  auto left = std::vector<std::int64_t>{};
  for (auto const& item : outbox()) left.push_back(item.number);
  EXPECT_EQ(left, (std::vector{numbers[0], numbers[3], numbers[4], numbers[6], numbers[7]}));
}

TEST_P(EventIndexContract, WhatOneCallSentSharesANumberAndIsReadAndSettledWhole) {
  auto const append_many = [&](int count) {
    auto events = std::vector<NewEvent>{};
    for (auto i = 0; i < count; ++i) events.push_back(event("ana", "a"));
    run<std::vector<Result<IndexedEvent>>>(
        [&](auto& index, auto& tx) { return index.append(tx, acme_, events); });
  };
  append_many(5);
  append_many(3);
  auto const page = [&](std::int64_t after, int limit) {
    return run<std::vector<OutboxItem>>(
        [&](auto& index, auto& tx) { return index.outbox(tx, after, limit); });
  };
  auto const first = page(0, 2);
  ASSERT_EQ(first.size(), 5U);
  EXPECT_EQ(first.front().number, first.back().number);
  EXPECT_EQ(page(0, 6).size(), 8U);
  EXPECT_EQ(page(first[0].number, 100).size(), 3U);
  EXPECT_GE(outbox_depth(), 2) << "never too few";
  ASSERT_TRUE(
      holder_->write([&](sql::Transaction& tx) { return holder_->index().settle(tx, {first[0].number}); }));
  EXPECT_EQ(outbox().size(), 3U);
}

TEST_P(EventIndexContract, ErasingTakesDetailsOutOfTheOutboxAndLeavesTheirNeighbours) {
  auto events = std::vector<NewEvent>{event("ana", "a"), event("ben", "a"), event("ana", "b")};
  run<std::vector<Result<IndexedEvent>>>(
      [&](auto& index, auto& tx) { return index.append(tx, acme_, events); });
  auto twin = events[0];
  ASSERT_TRUE(append(twin, TenantId{"other"}));
  EXPECT_EQ(redact(events[0].id), 1);
  auto left = std::vector<std::string>{};
  for (auto const& item : outbox())
    left.push_back(item.tenant.str() + " " + item.event.str() + (item.redaction ? " erased" : item.details));
  EXPECT_EQ(left,
            (std::vector{"acme " + events[1].id.str() + events[1].details,
                         "acme " + events[2].id.str() + events[2].details,
                         "other " + twin.id.str() + twin.details, "acme " + events[0].id.str() + " erased"}));
  EXPECT_EQ(retire(4), 3);
  EXPECT_EQ(std::ranges::count_if(outbox(), [](auto const& item) { return !item.redaction; }), 1);
}

TEST_P(EventIndexContract, KeptDetailsAreInTheIndexAndNotInTheOutbox) {
  auto one = event("ana", "a");
  one.keep_details = true;
  ASSERT_TRUE(append(one));
  EXPECT_TRUE(outbox().empty());
  auto const found = list().at(0);
  ASSERT_TRUE(found.holds_details);
  EXPECT_EQ(found.details.details, R"({"n":1})");
  EXPECT_EQ(commitment(found.details.salt, found.details.details), found.facts.details_hash);
  EXPECT_EQ(redact(one.id), 1);
  EXPECT_FALSE(list().at(0).holds_details);
  EXPECT_TRUE(outbox().empty());
}

TEST_P(EventIndexContract, RedactionForgetsTheUserKeepsTheLeafAndOrdersATombstone) {
  auto const made = *append(event("ana", "a"));
  EXPECT_EQ(redact(made.facts.id), 1);
  EXPECT_EQ(redact(made.facts.id), 0) << "once";
  EXPECT_EQ(redact(EventId{new_uuid7(now_)}), 0);
  auto const found = list().at(0);
  EXPECT_FALSE(found.user);
  EXPECT_EQ(found.user_salt, "");
  EXPECT_EQ(event_leaf(found.facts), event_leaf(made.facts));
  ASSERT_EQ(outbox().size(), 1U);
  EXPECT_TRUE(outbox()[0].redaction);
  EXPECT_EQ(outbox()[0].details, "");
  EXPECT_TRUE(list({.user = UserId{"ana"}}).empty());
  auto again = event("ana", "a");
  again.id = made.facts.id;
  again.id_given = true;
  EXPECT_EQ(append(again).error().code(), Code::key_reuse) << "an answer must not confirm a guess";
  auto notice = event("dpo", std::string{redaction_type});
  ASSERT_TRUE(append(notice));
  EXPECT_EQ(redact(notice.id), 0);
}

TEST_P(EventIndexContract, E7_RetiringTellsOldCursorsAndKeepsTheChain) {
  auto made = std::vector<IndexedEvent>{};
  for (auto i = 0; i < 6; ++i) made.push_back(*append(event("ana", "a")));
  EXPECT_EQ(retire(4), 3);
  EXPECT_EQ(retire(4), 0);
  EXPECT_EQ(head().first_sequence, 4);
  EXPECT_EQ(head().chain_before, made[2].chain);
  auto query = EventQuery{.tenant = acme_, .after = 2};
  EXPECT_FALSE(holder_->write([&](sql::Transaction& tx) -> Result<void> {
    auto const expired = holder_->index().list(tx, query);
    EXPECT_EQ(expired.error().code(), Code::gone);
    EXPECT_EQ(expired.error().slug(), "cursor_expired");
    return std::unexpected{expired.error()};
  }));
  EXPECT_EQ(list({.after = 3}).size(), 3U);
  EXPECT_EQ(list().size(), 3U) << "who begins, begins with what there is";
  EXPECT_EQ(std::ranges::count_if(outbox(), [](auto const& item) { return item.redaction; }), 3);
  EXPECT_EQ(retire(100), 3);
  holder_->restart();
  EXPECT_EQ(append(event("ana", "a"))->facts.sequence, 7);
}

}  // namespace hoist::contract
