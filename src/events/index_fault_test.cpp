// The index away, failing midway and failing to settle, with the other store well or not: nothing that
// was refused is ever seen, nothing that was acknowledged is lost.
#include <random>
#include <set>

#include "adapters/memory/event_index.hpp"
#include "events/routes_fixture.hpp"

namespace hoist::events {
namespace {

class IndexFaults : public EventRoutes {
 protected:
  IndexFaults() : EventRoutes{std::make_unique<memory::EventIndex>()} {}

  Result<std::vector<Result<Recorded>>> record_all(std::vector<NewEvent> events) {
    return sync(service.record(acme, std::move(events), soon()));
  }
  std::vector<NewEvent> some(int count) {
    auto events = std::vector<NewEvent>{};
    for (auto i = 0; i < count; ++i) events.push_back(event("ana", "login", {{"n", i}}));
    return events;
  }
  std::size_t details_stored() { return sync(details.ids(acme, EventId{}, 1000, soon()))->size(); }
  void heal() {
    faults.unavailable = faults.fail_settles = false;
    faults.appends_before_failing = details.puts_before_failing = -1;
    details.fail_puts = details.lose_answers = false;
  }

  memory::EventIndex& faults = dynamic_cast<memory::EventIndex&>(index);
};

TEST_F(IndexFaults, WhileTheIndexIsAwayNothingIsRecordedInEitherStore) {
  faults.unavailable = true;
  auto const refused = record_all(some(3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::unavailable);
  EXPECT_EQ(details_stored(), 0U);
  faults.unavailable = false;
  EXPECT_TRUE(all().empty());
  EXPECT_EQ(record_all(some(1))->at(0)->event.facts.sequence, 1) << "no place was lost";
}

TEST_F(IndexFaults, TheCallerHearsItAs503AndTheOtherWayRoundAs201Pending) {
  auto const body = R"({"userId":"ana","eventType":"login","details":{"n":1}})";
  faults.unavailable = true;
  auto const refused = post(body);
  EXPECT_EQ(refused.status, 503) << refused.body;
  EXPECT_EQ(refused.headers.get("Retry-After"), "1");
  EXPECT_EQ(call("GET", "/events/ana").status, 503);
  faults.unavailable = false;
  details.fail_puts = true;
  auto const pending = post(body);
  EXPECT_EQ(pending.status, 201) << pending.body;
  EXPECT_EQ(json::parse(pending.body).at("detailsStatus"), "pending");
}

TEST_F(IndexFaults, AnIndexThatFailsMidwayKeepsNothingOfTheCall) {
  faults.appends_before_failing = 2;
  EXPECT_FALSE(record_all(some(5)));
  EXPECT_EQ(details_stored(), 0U);
  faults.appends_before_failing = -1;
  EXPECT_TRUE(all().empty());
  auto const recorded = record_all(some(5));
  for (auto i = 0U; i < 5; ++i) EXPECT_EQ(recorded->at(i)->event.facts.sequence, i + 1);
}

TEST_F(IndexFaults, WhatCannotBeSettledIsPutAgainWithOneEffect) {
  details.lose_answers = true;  // so that it is the relay that settles
  ASSERT_TRUE(record_all(some(5)));
  details.lose_answers = false;
  faults.fail_settles = true;
  EXPECT_FALSE(sync(service.relay(soon())));
  EXPECT_EQ(details_stored(), 5U);
  faults.fail_settles = false;
  EXPECT_EQ(*sync(service.relay(soon())), 5);
  EXPECT_EQ(*sync(service.relay(soon())), 0);
  EXPECT_EQ(details_stored(), 5U);
  EXPECT_TRUE(sync(reconcile({*database, index, details}, acme, soon()))->equal());
}

TEST_F(IndexFaults, AnErasureTheIndexRefusesErasesNothing) {
  auto const id = record(event("ana", "login", {{"secret", 1}})).event.facts.id;
  faults.unavailable = true;
  EXPECT_FALSE(sync(service.redact(acme, {id}, UserId{"dpo"}, "asked", soon())));
  faults.unavailable = false;
  faults.appends_before_failing = 0;  // the notice fails, after the erasure in the same transaction
  EXPECT_FALSE(sync(service.redact(acme, {id}, UserId{"dpo"}, "asked", soon())));
  faults.appends_before_failing = -1;
  ASSERT_EQ(all().size(), 1U);
  EXPECT_EQ(all()[0].state, EventView::Details::present);
}

TEST_F(IndexFaults, AnIndexThatCannotBeReadProvesNothing) {
  record(event("ana", "login"));
  faults.unavailable = true;
  EXPECT_FALSE(sync(reconcile({*database, index, details}, acme, soon())));
}

TEST_F(IndexFaults, RandomHistoriesOfFaultsInBothStoresKeepTheirPromises) {
  auto acknowledged = std::set<EventId>{};
  auto refused = std::set<EventId>{};
  for (unsigned seed = 1; seed <= 200; ++seed) {
    auto random = std::mt19937{seed};
    faults.unavailable = random() % 8 == 0;
    faults.fail_settles = random() % 4 == 0;
    faults.appends_before_failing = random() % 4 == 0 ? static_cast<int>(random() % 4) : -1;
    details.fail_puts = random() % 4 == 0;
    details.lose_answers = random() % 5 == 0;
    details.puts_before_failing = random() % 4 == 0 ? static_cast<int>(random() % 3) : -1;
    auto events = some(1 + static_cast<int>(random() % 4));
    auto& fate = record_all(events) ? acknowledged : refused;
    for (auto const& one : events) fate.insert(one.id);
    if (random() % 3 == 0) (void)sync(service.relay(soon()));
  }
  heal();
  while (*sync(service.relay(soon())) > 0) continue;
  auto seen = std::set<EventId>{};
  auto chain = event_chain_start();
  for (auto const& view : all()) {
    seen.insert(view.event.facts.id);
    EXPECT_EQ(view.state, EventView::Details::present);
    chain = next_event_chain(chain, event_leaf(view.event.facts));
    EXPECT_EQ(view.event.chain, chain);
  }
  EXPECT_EQ(seen, acknowledged);
  EXPECT_GT(refused.size(), 50U) << "the faults did not come";
  auto const report = sync(reconcile({*database, index, details}, acme, soon()));
  EXPECT_TRUE(report->equal());
  EXPECT_EQ(details_stored(), acknowledged.size());
  std::printf("acknowledged %zu, lost 0; refused %zu, seen 0\n", acknowledged.size(), refused.size());
}

TEST_F(IndexFaults, ASlowDetailsStoreCostsItsPatienceAndNoEvent) {
  auto impatient = Service{*database, index,   details,
                           wakeups,   metrics, {.details_patience = std::chrono::milliseconds{20}}};
  details.stall = true;
  auto const recorded = sync(impatient.record(acme, some(2), soon()));
  ASSERT_TRUE(recorded);
  EXPECT_FALSE(recorded->at(0)->details_stored);
  auto query = EventQuery{};
  query.tenant = acme;
  for (auto const& view : sync(impatient.list(query, soon()))->events)
    EXPECT_EQ(view.state, EventView::Details::pending);
  details.stall = false;
  EXPECT_EQ(*sync(service.relay(soon())), 2);
  EXPECT_EQ(all()[0].state, EventView::Details::present);
}

}  // namespace
}  // namespace hoist::events
