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

// Every filter of GET /events and GET /events/{userId}, alone and with the others.
TEST(EventIndexPlans, EveryFilterIsSearchedByAnIndexAndNothingIsSorted) {
  auto database = testing::inline_database();
  auto index = sql_engine::EventIndex{};
  for (auto choice = 0U; choice < 64; ++choice) {
    auto query = EventQuery{};
    query.tenant = TenantId{"acme"};
    if ((choice & 1U) != 0) query.user = UserId{"ana"};
    if ((choice & 2U) != 0) query.type = "login";
    if ((choice & 4U) != 0) query.from = Time{std::chrono::days{10}};
    if ((choice & 8U) != 0) query.to = Time{std::chrono::days{11}};
    query.descending = (choice & 16U) != 0;
    if ((choice & 32U) != 0) query.after = 1;
    ASSERT_TRUE(testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      auto spy = Spy{tx};
      CHECK(index.list(spy, query));
      auto const& [page, args] = spy.asked.back();
      auto plan = std::string{};
      TRY(auto const rows, tx.query("EXPLAIN QUERY PLAN " + page, args));
      for (auto const& row : rows) plan += row.text(3) + "\n";
      EXPECT_EQ(plan.find("SCAN"), plan.npos) << plan << page;
      EXPECT_EQ(plan.find("TEMP B-TREE"), plan.npos) << plan << page;
      auto const events = plan.find("SEARCH events USING INDEX ");
      EXPECT_NE(events, plan.npos) << plan << page;
      if (query.user) EXPECT_NE(plan.find("events_by_user (tenant=? AND user_id=?"), plan.npos) << plan;
      if (!query.user && query.type)
        EXPECT_NE(plan.find("events_by_type (tenant=? AND event_type=?"), plan.npos) << plan;
      if (!query.from && !query.to) return {};
      EXPECT_NE(plan.find("SEARCH event_spans"), plan.npos) << plan << page;
      EXPECT_LT(plan.find("SEARCH event_spans"), events) << "the spans choose what is read\n" << plan;
      EXPECT_NE(plan.find("sequence>? AND sequence<?"), plan.npos) << plan << page;
      return {};
    }));
  }
}

// What a span says of itself decides whether its events are looked at.
TEST(EventIndexPlans, AListOfATimePassesOverTheRestOfTheLog) {
  constexpr auto days = 20;
  constexpr auto a_day = 1024;
  auto const acme = TenantId{"acme"};
  auto const begin = Time{std::chrono::days{20'000}};
  auto database = testing::inline_database();
  auto index = sql_engine::EventIndex{};
  ASSERT_TRUE(testing::write_now(*database, [&](sql::Transaction& tx) -> Result<void> {
    for (auto day = 0; day < days; ++day) {
      auto events = std::vector<NewEvent>(static_cast<std::size_t>(day == 0 ? a_day - 1 : a_day));
      for (auto& event : events) {
        event.at = begin + std::chrono::days{day};
        event.id = EventId{new_uuid7(event.at)};
        event.user = UserId{"ana"};
        event.type = "login";
        event.details = "{}";
        event.request_hash = sha256(event.details);
      }
      CHECK(index.append(tx, acme, events));
    }
    return {};
  }));
  auto const spans_for = [&](std::string_view condition, Time time) {
    auto count = std::int64_t{-1};
    EXPECT_TRUE(testing::read_now(*database, [&](sql::Transaction& tx) -> Result<void> {
      TRY(auto const rows, tx.query("SELECT count(*) FROM event_spans WHERE tenant = 'acme' AND " +
                                        std::string{condition} + " $1",
                                    {sql::value(time)}));
      count = rows.at(0).integer(0);
      return {};
    }));
    return count;
  };
  EXPECT_EQ(spans_for("last_us >=", begin), days);
  EXPECT_EQ(spans_for("last_us >=", begin + std::chrono::days{days - 1}), 1);
  EXPECT_EQ(spans_for("first_us <", begin + std::chrono::hours{1}), 1);
  EXPECT_EQ(spans_for("first_us <", begin - std::chrono::hours{1}), 0);
}

}  // namespace
}  // namespace hoist::contract
