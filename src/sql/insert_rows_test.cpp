#include "sql/insert_rows.hpp"

#include <gtest/gtest.h>

#include "base/try.hpp"
#include "support/test_database.hpp"

namespace hoist::sql {
namespace {

TEST(InsertRows, EveryRowIsInsertedOnceAndInOrderWhateverTheirNumber) {
  auto database = testing::inline_database();
  auto const insert = InsertRows{"INSERT INTO numbers (a, b)", 2, "ON CONFLICT (a) DO NOTHING"};
  auto const done = testing::write_now(*database, [&](Transaction& tx) -> Result<void> {
    CHECK(tx.execute("CREATE TABLE numbers (place INTEGER PRIMARY KEY, a BIGINT UNIQUE, b TEXT)"));
    auto first = std::int64_t{0};
    for (auto const count : {0, 1, 2, 3, 15, 16, 17, 31, 100}) {
      auto rows = std::vector<Args>{};
      for (std::int64_t i = first; i < first + count; ++i) rows.push_back({i, std::to_string(i)});
      CHECK(insert(tx, std::move(rows)));
      first += count;
    }
    CHECK(insert(tx, {{std::int64_t{0}, "again"}, {first, std::to_string(first)}}));
    TRY(auto const rows, tx.query("SELECT a, b FROM numbers ORDER BY place"));
    EXPECT_EQ(std::ssize(rows), first + 1);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(rows[i].integer(0), static_cast<std::int64_t>(i));
      EXPECT_EQ(rows[i].text(1), std::to_string(i));
    }
    return {};
  });
  EXPECT_TRUE(done) << done.error().to_string();
}

}  // namespace
}  // namespace hoist::sql
