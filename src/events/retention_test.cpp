#include "events/retention.hpp"

#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

using namespace std::chrono_literals;

class RetentionTest : public LogFixture {
 protected:
  void set(std::chrono::seconds keep) {
    ASSERT_TRUE(hoist::testing::write_now(
        *database, [&](sql::Transaction& tx) { return retention.set(tx, acme, keep); }));
  }
  std::int64_t first_kept() {
    auto head = EventHead{};
    EXPECT_TRUE(hoist::testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(head, index.head(tx, acme));
      return {};
    }));
    return head.first_sequence;
  }
};

TEST_F(RetentionTest, E7_ACursorPastRetentionIsAnExplicitError) {
  for (int i = 0; i < 10; ++i) {
    record(event("ana", "login"));
    clock.advance(1h);
  }
  EXPECT_EQ(*sync(retention.retire(acme, clock.now() - 3h, soon())), 7);
  auto query = EventQuery{};
  query.tenant = acme;
  query.after = 2;
  auto const expired = sync(service.list(query, soon()));
  ASSERT_FALSE(expired);
  EXPECT_EQ(expired.error().slug(), "cursor_expired");
  query.after = 7;
  EXPECT_EQ(sync(service.list(query, soon()))->events.size(), 3U);
}

TEST_F(RetentionTest, TheSweepFollowsEachTenantsRuleAndKeepsForEverWithoutOne) {
  record_many(5);
  clock.advance(48h);
  record_many(5);
  ASSERT_TRUE(sync(retention.sweep(soon())));
  EXPECT_EQ(first_kept(), 1);
  set(24h);
  ASSERT_TRUE(sync(retention.sweep(soon())));
  EXPECT_EQ(first_kept(), 6);
}

TEST_F(RetentionTest, TheDetailsOfWhatWentAreErasedInTheOtherStore) {
  auto const ids = record_many(3);
  clock.advance(2h);
  EXPECT_EQ(*sync(retention.retire(acme, clock.now(), soon())), 3);
  EXPECT_EQ(*sync(service.relay(soon())), 3);
  for (auto const& [id, detail] : *sync(details.get(acme, ids, soon()))) EXPECT_TRUE(detail.redacted);
  EXPECT_TRUE(sync(reconcile({*database, index, details}, acme, soon()))->equal());
}

TEST_F(RetentionTest, ProofsAndCheckpointsHoldAcrossWhatWent) {
  auto ids = record_many(300);
  auto const first = *sync(checkpoints.make(acme, soon()));
  clock.advance(2h);
  auto const later = record_many(400);
  EXPECT_EQ(*sync(retention.retire(acme, clock.now() - 1h, soon())), 300);
  record_many(5);
  auto const second = *sync(checkpoints.make(acme, soon()));
  EXPECT_EQ(second.size, 705);
  auto const consistent = sync(checkpoints.consistency(acme, first.size, second.size, soon()));
  ASSERT_TRUE(consistent) << consistent.error().to_string();
  EXPECT_TRUE(verify_consistency(300, 705, first.root, second.root, consistent->path));
  auto const included = sync(checkpoints.inclusion(acme, later.front(), 0, soon()));
  ASSERT_TRUE(included);
  EXPECT_TRUE(verify_inclusion(included->leaf, 300, 705, included->path, second.root));
  EXPECT_EQ(sync(checkpoints.inclusion(acme, ids.front(), 0, soon())).error().code(), Code::not_found);
}

TEST_F(RetentionTest, AnEmptiedLogGoesOnWhereItWas) {
  record_many(4);
  clock.advance(2h);
  EXPECT_EQ(*sync(retention.retire(acme, clock.now(), soon())), 4);
  EXPECT_EQ(record(event("ana", "login")).event.facts.sequence, 5);
  EXPECT_EQ(sync(checkpoints.make(acme, soon()))->size, 5);
}

}  // namespace
}  // namespace hoist::events
