#include "events/append_groups.hpp"

#include <boost/asio/io_context.hpp>

#include <latch>
#include <thread>

#include "events/log_fixture.hpp"

namespace hoist::events {
namespace {

// A database whose writer stands still until it is told to go on, so that calls wait together.
class GroupedCalls : public LogFixture {
 protected:
  using Outcome = Result<Outcomes>;

  // All calls at once, while the writer stands still. Answers what each of them heard.
  std::vector<Outcome> record_together(std::vector<std::vector<NewEvent>> calls) {
    auto stands = std::latch{1};
    auto go_on = std::latch{1};
    auto holder = std::jthread{[&] {
      (void)hoist::testing::write_now(*database, [&](sql::Transaction&) -> Result<void> {
        if (!stands.try_wait()) stands.count_down();
        go_on.wait();
        return {};
      });
    }};
    stands.wait();
    auto heard = std::vector<Outcome>(calls.size(), std::unexpected{Error{Code::internal}});
    auto context = asio::io_context{1};
    auto waiting = calls.size();
    for (std::size_t i = 0; i < calls.size(); ++i)
      spawn(context.get_executor(), [&, i]() -> asio::awaitable<void> {
        heard[i] = co_await service.record(acme, std::move(calls[i]), soon());
        --waiting;
      });
    context.poll();  // each of them has joined a group, and every group waits for the writer
    EXPECT_EQ(waiting, calls.size());
    go_on.count_down();
    context.run();
    EXPECT_EQ(waiting, 0U);
    return heard;
  }
  std::vector<std::vector<NewEvent>> calls(int count, int events_each) {
    auto all = std::vector<std::vector<NewEvent>>{};
    for (auto i = 0; i < count; ++i) {
      all.emplace_back();
      for (auto j = 0; j < events_each; ++j) all.back().push_back(event("ana", "x", {{"call", i}, {"n", j}}));
    }
    return all;
  }
  // Of the index alone, whatever the details store does.
  std::size_t stored_so_far() {
    auto head = EventHead{};
    EXPECT_TRUE(hoist::testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(head, index.head(tx, acme));
      return {};
    }));
    return static_cast<std::size_t>(head.last_sequence);
  }
  // How many functions the database has run.
  double functions_run() {
    auto const name = std::string_view{"hoist_db_commit_batch_size_sum "};
    auto const text = database.metrics().render();
    return std::stod(text.substr(text.find(name) + name.size()));
  }
};

TEST_F(GroupedCalls, CallsThatWaitTogetherAreOneTransactionAndEachHearsOfItsOwn) {
  auto const asked = calls(50, 2);
  auto const before = functions_run();
  auto const heard = record_together(asked);
  EXPECT_EQ(functions_run() - before, 2) << "that which held the writer, and the group";
  for (std::size_t i = 0; i < heard.size(); ++i) {
    ASSERT_TRUE(heard[i]);
    ASSERT_EQ(heard[i]->size(), 2U);
    for (auto const at : {0U, 1U}) {
      EXPECT_EQ((*heard[i])[at]->event.facts.id, asked[i][at].id);
      EXPECT_TRUE((*heard[i])[at]->details_stored);
    }
  }
  EXPECT_EQ(all().size(), 100U);
}

TEST_F(GroupedCalls, ACallThatComesAfterTheTransactionRanIsNotInItsGroup) {
  auto patient = Service{*database, index,   details,
                         wakeups,   metrics, {.details_patience = std::chrono::milliseconds{200}}};
  details.stall = true;  // the first group stands between its transaction and its answer
  auto asked = calls(2, 1);
  auto const ids = std::vector{asked[0][0].id, asked[1][0].id};
  auto heard = std::vector<Outcome>(2, std::unexpected{Error{Code::internal}});
  auto context = asio::io_context{1};
  auto const start = [&](std::size_t i) {
    spawn(context.get_executor(), [&, i]() -> asio::awaitable<void> {
      heard[i] = co_await patient.record(acme, std::move(asked[i]), soon());
    });
  };
  start(0);
  for (auto moved = std::size_t{0}; moved == 0; moved = stored_so_far()) context.poll();
  start(1);
  context.run();
  for (auto const i : {0U, 1U}) {
    ASSERT_TRUE(heard[i]);
    ASSERT_EQ(heard[i]->size(), 1U);
    EXPECT_EQ((*heard[i])[0]->event.facts.id, ids[i]);
    EXPECT_EQ((*heard[i])[0]->event.facts.sequence, i + 1);
  }
  details.stall = false;
  EXPECT_EQ(all().size(), 2U);
}

TEST_F(GroupedCalls, ALogThatIsDrainedFinishesItsGroupsAndTakesNoMore) {
  details.stall = true;  // until the service's patience is over
  auto asked = calls(2, 1);
  auto heard = std::vector<Outcome>(2, std::unexpected{Error{Code::internal}});
  auto context = asio::io_context{1};
  auto const start = [&](std::size_t i) {
    spawn(context.get_executor(), [&, i]() -> asio::awaitable<void> {
      heard[i] =
          co_await service.record(acme, std::move(asked[i]), deadline_in(std::chrono::milliseconds{200}));
    });
  };
  start(0);
  for (auto moved = std::size_t{0}; moved == 0; moved = stored_so_far()) context.poll();
  auto drained = Result<bool>{false};
  auto heard_before = false;
  spawn(context.get_executor(), [&]() -> asio::awaitable<void> {
    drained = co_await service.drain(soon());
    heard_before = heard[0].has_value();
  });
  context.poll();
  start(1);
  context.run();
  EXPECT_TRUE(drained.value_or(false));
  EXPECT_TRUE(heard_before);
  ASSERT_FALSE(heard[1]);
  EXPECT_EQ(heard[1].error().code(), Code::unavailable);
}

TEST_F(GroupedCalls, AReusedIdFailsAloneAndARepeatIsARepeatWhoeverIsInTheGroup) {
  auto asked = calls(4, 1);
  for (auto& call : asked) call[0].id_given = true;
  asked[1] = asked[0];
  asked[2][0].id = asked[0][0].id;
  auto const heard = record_together(asked);
  EXPECT_FALSE((*heard[0])[0]->event.duplicate);
  EXPECT_TRUE((*heard[1])[0]->event.duplicate);
  EXPECT_EQ((*heard[1])[0]->event.facts.sequence, (*heard[0])[0]->event.facts.sequence);
  EXPECT_EQ((*heard[2])[0].error().code(), Code::key_reuse);
  EXPECT_TRUE((*heard[3])[0]);
  EXPECT_EQ(all().size(), 2U);
}

TEST_F(GroupedCalls, WhatTheDatabaseRefusesEveryCallHears) {
  ASSERT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("ALTER TABLE events RENAME TO away"));
    return {};
  }));
  for (auto const& heard : record_together(calls(5, 1))) EXPECT_FALSE(heard);
  ASSERT_TRUE(hoist::testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    CHECK(tx.execute("ALTER TABLE away RENAME TO events"));
    return {};
  }));
  EXPECT_TRUE(all().empty());
  for (auto const& heard : record_together(calls(5, 1))) EXPECT_TRUE(heard);
}

TEST_F(GroupedCalls, AGroupIsOpenUntilItIsClosedOrFullAndIsOneTenantsOwn) {
  auto groups = AppendGroups{};
  auto const join = [&](std::string tenant, int count, std::size_t bytes = 2) {
    auto events = std::vector<NewEvent>(static_cast<std::size_t>(count));
    events.front().details = std::string(bytes, 'x');
    return groups.join(TenantId{std::move(tenant)}, std::move(events), soon(), [](Result<Outcomes>) {});
  };
  auto const first = join("acme", 1);
  ASSERT_TRUE(first);
  EXPECT_FALSE(join("acme", 998));
  EXPECT_TRUE(join("other", 1));
  EXPECT_FALSE(join("acme", 1)) << "the thousandth";
  auto const second = join("acme", 1);
  ASSERT_TRUE(second);
  EXPECT_EQ(first->events().size(), group_events_max);
  groups.close(*first);
  EXPECT_FALSE(join("acme", 1)) << "the second is open still";
  groups.close(*second);
  EXPECT_TRUE(join("acme", 1, group_bytes_max + 1)) << "a call is never too large for a group of its own";
  EXPECT_TRUE(join("acme", 1));
}

}  // namespace
}  // namespace hoist::events
