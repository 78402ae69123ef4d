#include "adapters/sql/queue_engine.hpp"

namespace hoist::sql_engine::queue {

Result<void> Engine::store(sql::Transaction& tx, GroupRow const& group, Time now) {
  return store_group(tx, group, rules(group.key.queue)->forget_group, now);
}

double Engine::luck() {
  auto const lock = Lock{mutex_};
  return std::uniform_real_distribution<double>{0, 1}(random_);
}

}  // namespace hoist::sql_engine::queue
