// Looking at queues: reads only, never an attempt.
#pragma once

#include <vector>

#include "adapters/sql/queue_rows.hpp"
#include "ports/dead_letters.hpp"
#include "ports/queue_upkeep.hpp"

namespace hoist::sql_engine::queue {

Result<std::vector<DeadLetter>> dead_letters(sql::Transaction& tx, std::string const& queue,
                                             TenantId const& tenant, MessageId const& after, int limit);
Result<std::vector<RedriveItem>> plan_redrive(sql::Transaction& tx, std::string const& queue,
                                              TenantId const& tenant, std::vector<MessageId> const& ids);
// Is anything of the group waiting or in flight?
Result<bool> holds(sql::Transaction& tx, GroupKey const& key);
Result<QueueStats> stats(sql::Transaction& tx, std::string const& queue, Scope const& scope, Time now);

}  // namespace hoist::sql_engine::queue
