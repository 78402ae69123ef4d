#include "adapters/sql/last_queue_time.hpp"

#include "base/try.hpp"
#include "sql/run_now.hpp"

namespace hoist::sql_engine {

Result<Time> last_queue_time(sql::Database& database) {
  auto latest = Time{};
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto const rows, tx.query("SELECT last_us FROM queue_time"));
    latest = rows.at(0).time(0);
    return {};
  };
  CHECK(sql::run_now(database, sql::Database::Access::read, work, deadline_in(std::chrono::minutes{1})));
  return latest;
}

}  // namespace hoist::sql_engine
