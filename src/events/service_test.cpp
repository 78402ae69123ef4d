#include "events/service.hpp"

#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

using EventLog = LogFixture;

TEST_F(EventLog, RecordedEventsAreDenseChainedAndReadBackWithTheirDetails) {
  for (int i = 0; i < 5; ++i) record(event("ana", "login", {{"n", i}}));
  auto const views = all();
  ASSERT_EQ(views.size(), 5U);
  auto chain = event_chain_start();
  for (std::size_t i = 0; i < views.size(); ++i) {
    auto const& facts = views[i].event.facts;
    EXPECT_EQ(facts.sequence, static_cast<std::int64_t>(i) + 1);
    chain = next_event_chain(chain, event_leaf(facts));
    EXPECT_EQ(views[i].event.chain, chain);
    EXPECT_EQ(views[i].state, EventView::Details::present);
    EXPECT_EQ(commitment(views[i].details_salt, views[i].details), facts.details_hash);
  }
}

TEST_F(EventLog, ARepeatedIdAnswersTheFirstAndAnotherBodyIsRefused) {
  auto first = event("ana", "login", {{"n", 1}});
  first.id_given = true;
  auto const recorded = record(first);
  auto const again = record(first);
  EXPECT_TRUE(again.event.duplicate);
  EXPECT_EQ(again.event.facts.sequence, recorded.event.facts.sequence);
  first.request_hash = "other";
  auto events = std::vector<NewEvent>{first};
  auto const refused = sync(service.record(acme, std::move(events), soon()));
  ASSERT_TRUE(refused);
  ASSERT_FALSE(refused->front());
  EXPECT_EQ(refused->front().error().code(), Code::key_reuse);
  EXPECT_EQ(all().size(), 1U);
}

TEST_F(EventLog, DetailsStayVisibleAsPendingWhileTheirStoreIsAwayAndFollowLater) {
  details.fail_puts = true;
  auto const recorded = record(event("ana", "login", {{"n", 1}}));
  EXPECT_FALSE(recorded.details_stored);
  ASSERT_EQ(all().size(), 1U);
  EXPECT_EQ(all()[0].state, EventView::Details::pending);
  EXPECT_FALSE(sync(service.relay(soon())));
  EXPECT_NE(metrics.render().find("hoist_events_details_pending 1"), std::string::npos);
  details.fail_puts = false;
  EXPECT_EQ(*sync(service.relay(soon())), 1);
  EXPECT_EQ(all()[0].state, EventView::Details::present);
  EXPECT_EQ(*sync(service.relay(soon())), 0);
  EXPECT_NE(metrics.render().find("hoist_events_details_pending 0"), std::string::npos);
}

TEST_F(EventLog, ALostAnswerOfTheDetailsStoreHasOneEffect) {
  details.lose_answers = true;
  record(event("ana", "login", {{"n", 1}}));
  details.lose_answers = false;
  EXPECT_EQ(*sync(service.relay(soon())), 1);
  auto const report = sync(reconcile({*database, index, details}, acme, soon()));
  EXPECT_TRUE(report->equal());
  EXPECT_EQ(report->checked, 1);
  EXPECT_EQ(report->pending, 0);
}

TEST_F(EventLog, NothingAcknowledgedIsLostWhenTheProcessEndsBetweenTheStores) {
  SKIP_OVER_MEMORY_ENGINE(hoist::testing::keeps_nothing);
  details.fail_puts = true;
  for (int i = 0; i < 20; ++i) record(event("ana", "login", {{"n", i}}));
  database.reopen();
  details.fail_puts = false;
  auto after = Service{*database, index, details, wakeups, metrics};
  EXPECT_EQ(*sync(after.relay(soon())), 20);
  auto const report = sync(reconcile({*database, index, details}, acme, soon()));
  EXPECT_TRUE(report->equal());
  EXPECT_EQ(report->checked, 20);
}

TEST_F(EventLog, ReadersSeePendingWhenTheDetailsStoreCannotBeRead) {
  record(event("ana", "login", {{"n", 1}}));
  details.fail_gets = true;
  ASSERT_EQ(all().size(), 1U);
  EXPECT_EQ(all()[0].state, EventView::Details::pending);
}

TEST_F(EventLog, TheReconcilerNamesMissingOrphanedAndAlteredDetails) {
  auto const lost = record(event("ana", "a", {{"n", 1}})).event.facts.id;
  auto const altered = record(event("ana", "b", {{"n", 2}})).event.facts.id;
  ASSERT_EQ(*sync(service.relay(soon())), 0);
  details.forget(acme, lost);
  details.falsify(acme, altered, "{\"n\":3}");
  auto const orphan = EventId{"orphan"};
  ASSERT_TRUE(sync(details.put({{0, acme, orphan, "", "{}", false}}, soon())));
  auto const report = sync(reconcile({*database, index, details}, acme, soon()));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->missing, std::vector{lost});
  EXPECT_EQ(report->altered, std::vector{altered});
  EXPECT_EQ(report->orphans, std::vector{orphan});
  EXPECT_EQ(*sync(repair(service, details, acme, *report, soon())), 1);
  auto const after = sync(reconcile({*database, index, details}, acme, soon()));
  EXPECT_TRUE(after->orphans.empty());
  EXPECT_EQ(after->missing, std::vector{lost});
}

TEST_F(EventLog, TheReconcilerTellsWhatIsPendingFromWhatIsMissingHoweverMuchWaits) {
  auto const lost = record(event("ana", "a")).event.facts.id;
  details.fail_puts = true;
  for (auto i = 0; i < 5; ++i) record_many(150);  // more than a page of the outbox
  details.forget(acme, lost);
  ASSERT_FALSE(sync(service.relay(soon()))) << "settles the lost one's entry, and can do no more";
  auto const report = sync(reconcile({*database, index, details}, acme, soon()));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->pending, 750);
  EXPECT_EQ(report->missing, std::vector{lost});
}

TEST_F(EventLog, AStoreThatCannotBeReadProvesNothing) {
  record(event("ana", "login"));
  details.fail_gets = true;
  EXPECT_FALSE(sync(reconcile({*database, index, details}, acme, soon())));
}

TEST_F(EventLog, RedactionForgetsUserAndDetailsKeepsTheChainAndIsAnEventItself) {
  auto const id = record(event("ana", "login", {{"secret", "x"}})).event.facts.id;
  details.fail_puts = true;  // the erasure waits in the outbox and wins later
  auto const by = UserId{"officer"};
  EXPECT_EQ(*sync(service.redact(acme, {id}, by, "asked", soon())), 1);
  details.fail_puts = false;
  EXPECT_GE(*sync(service.relay(soon())), 1);
  auto const views = all();
  ASSERT_EQ(views.size(), 2U);
  EXPECT_EQ(views[0].state, EventView::Details::redacted);
  EXPECT_FALSE(views[0].event.user);
  EXPECT_EQ(views[1].event.facts.type, "event.redacted");
  EXPECT_EQ(next_event_chain(event_chain_start(), event_leaf(views[0].event.facts)), views[0].event.chain);
  auto const left = sync(details.get(acme, {id}, soon()));
  EXPECT_TRUE(left->at(id).redacted);
  EXPECT_EQ(left->at(id).details, "");
  EXPECT_TRUE(sync(reconcile({*database, index, details}, acme, soon()))->equal());
}

TEST_F(EventLog, A8_AnotherTenantsEventIsMissing) {
  auto const id = record(event("ana", "login")).event.facts.id;
  auto const refused = sync(service.find(TenantId{"other"}, id, soon()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::not_found);
}

}  // namespace
}  // namespace hoist::events
