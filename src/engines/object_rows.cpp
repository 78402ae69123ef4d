#include "engines/object_rows.hpp"

#include "base/try.hpp"
#include "sql/run_now.hpp"

namespace hoist {

Result<bool> has_object_rows(sql::Database& database, Deadline deadline) {
  auto found = false;
  auto const look = [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const rows, tx.query("SELECT 1 FROM objects LIMIT 1"));
    found = !rows.empty();
    return {};
  };
  CHECK(sql::run_now(database, sql::Database::Access::read, look, deadline));
  return found;
}

}  // namespace hoist
