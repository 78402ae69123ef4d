// Looking at queues: reads only, never an attempt.
#pragma once

#include <vector>

#include "adapters/sql/queue_rows.hpp"
#include "ports/queue.hpp"

namespace hoist::sql_engine::queue {

Result<std::vector<DeadLetter>> dead_letters(sql::Transaction& tx, std::string const& queue,
                                             TenantId const& tenant, MessageId const& after, int limit);
Result<std::vector<RedriveItem>> plan_redrive(sql::Transaction& tx, std::string const& queue,
                                              TenantId const& tenant, std::vector<MessageId> const& ids);
Result<std::optional<MessageInfo>> find(sql::Transaction& tx, std::string const& queue,
                                        TenantId const& tenant, MessageId const& id, Time now);
Result<std::vector<MessageInfo>> list(sql::Transaction& tx, GroupKey const& key, std::int64_t after_sequence,
                                      int limit, Time now);
Result<GroupInfo> group_info(sql::Transaction& tx, GroupKey const& key, Time now);
// Of all tenants with system_scope().
Result<QueueStats> stats(sql::Transaction& tx, std::string const& queue, TenantId const& tenant, Time now);

}  // namespace hoist::sql_engine::queue
