// Every place where a process can end between the two stores. A crash is a fault that stops the work
// there, and then a new service over what is on disk: memory of the old one is gone.
#include <random>

#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

class CrashBetweenTheStores : public LogFixture {
 protected:
  void SetUp() override { SKIP_OVER_MEMORY_ENGINE(hoist::testing::keeps_nothing); }
  // What holds after recovery, whatever happened before. The fixture's own service is dead after this.
  void recover_and_check(std::size_t acknowledged) {
    heal();
    database.reopen();
    auto after = Service{*database, index, details, wakeups, metrics};
    for (auto moved = 1; moved > 0;) {
      auto const step = sync(after.relay(soon()));
      ASSERT_TRUE(step);
      moved = *step;
    }
    auto const report = sync(reconcile({*database, index, details}, acme, soon()));
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->equal());
    EXPECT_EQ(report->pending, 0);
    EXPECT_GE(report->checked, static_cast<std::int64_t>(acknowledged));
    auto query = EventQuery{};
    query.tenant = acme;
    query.limit = 1000;
    for (auto const& view : sync(after.list(query, soon()))->events)
      EXPECT_NE(view.state, EventView::Details::pending);
  }
  void heal() {
    details.fail_puts = details.fail_gets = details.lose_answers = false;
    details.puts_before_failing = -1;
  }
};

TEST_F(CrashBetweenTheStores, BeforeTheIndexCommitsNothingIsThere) {
  auto const id = EventId{new_uuid7(clock.now())};
  EXPECT_FALSE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    auto one = event("ana", "login");
    one.id = id;
    CHECK(index.append(tx, acme, {one}));
    return fail(Code::internal);  // the process ends here
  }));
  EXPECT_TRUE(all().empty());
  EXPECT_TRUE(sync(details.get(acme, {id}, soon()))->empty());
  recover_and_check(0);
}

TEST_F(CrashBetweenTheStores, AfterTheIndexCommitBeforeThePut) {
  details.fail_puts = true;
  EXPECT_FALSE(record(event("ana", "login", {{"n", 1}})).details_stored);
  recover_and_check(1);
}

TEST_F(CrashBetweenTheStores, InTheMiddleOfThePut) {
  details.puts_before_failing = 2;
  record_many(5);
  EXPECT_EQ(sync(details.ids(acme, EventId{}, 10, soon()))->size(), 2U);
  recover_and_check(5);
}

TEST_F(CrashBetweenTheStores, AfterThePutBeforeItsAnswer) {
  details.lose_answers = true;
  record_many(5);
  recover_and_check(5);
}

TEST_F(CrashBetweenTheStores, AfterTheAnswerBeforeTheOutboxIsSettled) {
  record_many(5);  // fewer than settle_batch: what is settled is only remembered
  recover_and_check(5);
}

TEST_F(CrashBetweenTheStores, WhileTheRelayMovesAndBeforeItSettles) {
  details.fail_puts = true;
  record_many(5);
  heal();
  details.puts_before_failing = 3;
  EXPECT_FALSE(sync(service.relay(soon())));
  details.puts_before_failing = -1;
  details.lose_answers = true;
  EXPECT_FALSE(sync(service.relay(soon())));
  recover_and_check(5);
}

TEST_F(CrashBetweenTheStores, ARetryOfTheCallerHasOneEffectAtEachOfThem) {
  auto switches = std::vector<std::function<void()>>{[] {}, [&] { details.fail_puts = true; },
                                                     [&] { details.lose_answers = true; },
                                                     [&] { details.puts_before_failing = 0; }};
  for (auto const& fault : switches) {
    auto one = event("ana", "login", {{"n", 1}});
    one.id_given = true;
    fault();
    record(one);
    heal();
    EXPECT_TRUE(record(one).event.duplicate);
  }
  EXPECT_EQ(all().size(), switches.size());
  recover_and_check(switches.size());
}

TEST_F(CrashBetweenTheStores, AnErasureIsNeverUndoneByALatePut) {
  details.fail_puts = true;
  auto const id = record(event("ana", "login", {{"secret", 1}})).event.facts.id;
  auto late = std::vector<OutboxItem>{};  // a relay that read the outbox and then stood still
  ASSERT_TRUE(hoist::testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    TRY(late, index.outbox(tx, 0, 10));
    return {};
  }));
  heal();
  ASSERT_EQ(*sync(service.redact(acme, {id}, UserId{"dpo"}, "asked", soon())), 1);
  ASSERT_TRUE(sync(details.put(late, soon())));
  EXPECT_TRUE(sync(details.get(acme, {id}, soon()))->at(id).redacted);
  EXPECT_EQ(sync(details.get(acme, {id}, soon()))->at(id).details, "");
  recover_and_check(2);
}

TEST_F(CrashBetweenTheStores, RandomHistoriesOfFaultsLoseNothing) {
  auto acknowledged = 0;
  for (unsigned seed = 1; seed <= 20; ++seed) {
    auto random = std::mt19937{seed};
    auto mine = Service{*database, index, details, wakeups, metrics};
    for (int i = 0; i < 15; ++i) {
      details.fail_puts = random() % 4 == 0;
      details.lose_answers = random() % 5 == 0;
      details.puts_before_failing = random() % 4 == 0 ? static_cast<int>(random() % 3) : -1;
      acknowledged += static_cast<int>(record_many(mine, 1 + static_cast<int>(random() % 3)).size());
      if (random() % 3 == 0) (void)sync(mine.relay(soon()));
    }
    recover_and_check(static_cast<std::size_t>(acknowledged));
    if (HasFatalFailure()) FAIL() << "seed " << seed;
  }
  std::printf("acknowledged %d, lost 0\n", acknowledged);
}

}  // namespace
}  // namespace hoist::events
