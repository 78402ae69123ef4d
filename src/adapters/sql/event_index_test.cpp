#include "adapters/sql/event_index.hpp"

#include <gtest/gtest.h>

#include "adapters/sqlite/testing.hpp"
#include "contract/event_index_contract.hpp"

namespace hoist::contract {
namespace {

using Kind = testing::TestDatabase::Kind;

class SqlIndexHolder final : public EventIndexHolder {
 public:
  explicit SqlIndexHolder(Kind kind) : kind_{kind}, database_{kind} {}
  EventIndex& index() override { return index_; }
  Result<void> write(std::function<Result<void>(sql::Transaction&)> work) override {
    return testing::write_now(*database_, std::move(work));
  }
  void restart() override {
    if (kind_ != Kind::inline_) database_.reopen();
  }

 private:
  Kind kind_;
  testing::TestDatabase database_;
  sql_engine::EventIndex index_;
};

EventIndexUnderTest on(std::string name, Kind kind) {
  return {std::move(name), [kind] { return std::make_unique<SqlIndexHolder>(kind); }};
}

INSTANTIATE_TEST_SUITE_P(Sqlite, EventIndexContract,
                         ::testing::Values(on("File", Kind::file), on("Inline", Kind::inline_)),
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

}  // namespace
}  // namespace hoist::contract
