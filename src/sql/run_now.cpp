#include "sql/run_now.hpp"

#include <future>

namespace hoist::sql {

Result<void> run_now(Database& database, Database::Access access, Database::Work work, Deadline deadline) {
  auto promise = std::promise<Result<void>>{};
  auto future = promise.get_future();
  database.submit(access, Scope::system(), std::move(work), deadline,
                  [&](Result<void> outcome) { promise.set_value(std::move(outcome)); });
  return future.get();
}

}  // namespace hoist::sql
