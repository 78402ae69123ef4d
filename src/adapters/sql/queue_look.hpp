// Looking at queues: reads only, never an attempt.
#pragma once

#include <vector>

#include "adapters/sql/queue_rows.hpp"
#include "ports/queue.hpp"

namespace hoist::sql::queue {

Result<std::vector<DeadLetter>> dead_letters(Transaction& tx, std::string const& queue,
                                             TenantId const& tenant, MessageId const& after, int limit);
Result<std::vector<RedriveItem>> plan_redrive(Transaction& tx, std::string const& queue,
                                              TenantId const& tenant, std::vector<MessageId> const& ids);
Result<std::optional<MessageInfo>> find(Transaction& tx, std::string const& queue, TenantId const& tenant,
                                        MessageId const& id, Time now);
Result<std::vector<MessageInfo>> list(Transaction& tx, GroupKey const& key, std::int64_t after_sequence,
                                      int limit, Time now);
Result<GroupInfo> group_info(Transaction& tx, GroupKey const& key, Time now);
// Of all tenants with system_scope().
Result<QueueStats> stats(Transaction& tx, std::string const& queue, TenantId const& tenant, Time now);

}  // namespace hoist::sql::queue
