#include "adapters/sql/event_index.hpp"

#include <gtest/gtest.h>

#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/try.hpp"
#include "contract/event_index_contract.hpp"
#include "contract/sql_index_holder.hpp"
#include "support/passing_transaction.hpp"
#include "support/test_database.hpp"

namespace hoist::contract {
namespace {

using Kind = testing::TestDatabase::Kind;

INSTANTIATE_TEST_SUITE_P(Sqlite, EventIndexContract,
                         ::testing::Values(index_on("File", Kind::file), index_on("Two", Kind::two),
                                           index_on("Inline", Kind::inline_)),
                         [](auto const& info) { return info.param.name; });

// What GET /events/{userId} asks has to cost the same among a hundred events and a million.
TEST(EventIndexPlans, AUsersPageIsReadFromItsIndexWithoutScanOrSort) {
  auto database = testing::inline_database();
  auto plan = std::string{};
  auto const done = testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    for (auto const* order : {"ASC", "DESC"}) {
      TRY(auto const rows,
          tx.query(
              std::string{
                  "EXPLAIN QUERY PLAN SELECT sequence, event_id, chain FROM events WHERE tenant = $1 AND "
                  "user_id = $2 AND sequence > $3 ORDER BY sequence "} +
                  order + " LIMIT $4",
              {"acme", "ana", std::int64_t{7}, std::int64_t{100}}));
      for (auto const& row : rows) plan += row.text(3) + "\n";
    }
    return {};
  });
  ASSERT_TRUE(done) << done.error().to_string();
  auto const expected =
      std::string{"SEARCH events USING INDEX events_by_user (tenant=? AND user_id=? AND sequence>?)\n"};
  EXPECT_EQ(plan, expected + expected);
}

// Passes everything on and keeps what was asked.
class Spy final : public testing::PassingTransaction {
 public:
  using PassingTransaction::PassingTransaction;
  Result<sql::Rows> query(std::string_view sql, sql::Args args) override {
    asked.emplace_back(sql, args);
    return PassingTransaction::query(sql, std::move(args));
  }
  std::vector<std::pair<std::string, sql::Args>> asked;
};

// A day of the log is found without reading the years before it.
TEST(EventIndexPlans, WhatHappenedSinceATimeIsFoundInAFewLooks) {
  constexpr auto before = 1000;
  constexpr auto since = 3;
  auto const acme = TenantId{"acme"};
  auto const day = Time{std::chrono::days{20'000}};
  auto clock = ManualClock{};
  auto database = testing::inline_database(clock);
  auto index = sql_engine::EventIndex{};
  auto const append = [&](sql::Transaction& tx, int count, Time now) -> Result<void> {
    auto events = std::vector<NewEvent>(static_cast<std::size_t>(count));
    for (auto& event : events) {
      event.id = EventId{new_uuid7(now)};
      event.user = UserId{"ana"};
      event.type = "login";
      event.at = now;
      event.details = "{}";
      event.request_hash = sha256(event.details);
    }
    CHECK(index.append(tx, acme, events));
    return {};
  };
  for (auto const& [count, now] : {std::pair{before, day - std::chrono::days{1}}, {since, day}}) {
    clock.set(now);
    ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) { return append(tx, count, now); }));
  }
  for (auto const descending : {false, true}) {
    auto query = EventQuery{};
    query.tenant = acme;
    query.from = day;
    query.descending = descending;
    ASSERT_TRUE(testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto spy = Spy{tx};
      TRY(auto const events, index.list(spy, query));
      EXPECT_EQ(events.size(), std::size_t{since});
      EXPECT_LE(spy.asked.size(), 12U) << "the head, ten halvings of a thousand, and the page";
      auto const& [page, args] = spy.asked.back();
      EXPECT_EQ(args.at(args.size() - 2), sql::Value{std::int64_t{before}});
      TRY(auto const plan, tx.query("EXPLAIN QUERY PLAN " + page, args));
      EXPECT_NE(plan.at(0).text(3).find("sequence>?"), std::string::npos) << plan.at(0).text(3);
      return {};
    }));
  }
}

}  // namespace
}  // namespace hoist::contract
