// Many rows by few statements: a statement for each row costs as much as the row.
//
//   static auto const insert_event = InsertRows{"INSERT INTO events (tenant, sequence)", 2};
//   CHECK(insert_event(tx, std::move(rows)));
//
// Rows are inserted in order, up to sixteen by one statement. The texts are those of 1, 2, 4, ...
// rows, so that few of them have to be prepared.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "sql/database.hpp"

namespace hoist::sql {

class InsertRows {
 public:
  // `into` is the statement before VALUES, `after` what follows them.
  InsertRows(std::string_view into, std::size_t columns, std::string_view after = {});
  Result<void> operator()(Transaction& tx, std::vector<Args> rows) const;

 private:
  static constexpr auto sizes = std::array<std::size_t, 5>{16, 8, 4, 2, 1};
  std::array<std::string, sizes.size()> texts_;  // of as many rows
};

}  // namespace hoist::sql
