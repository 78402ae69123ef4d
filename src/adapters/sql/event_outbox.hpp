// The table event_outbox: details on their way to the other store. An entry holds what one call sent.
#pragma once

#include <set>
#include <string>

#include "ports/event_index.hpp"

namespace hoist::sql_engine {

class OutboxEntry {
 public:
  void add(OutboxItem const& item);
  // Answers the entry's number, which settles all of its items; 0 when it has none.
  Result<std::int64_t> insert(sql::Transaction& tx, TenantId const& tenant, bool redaction) const;

 private:
  std::string lines_;
};

// Takes the details of these events out of what waits, and orders their erasure in the other store.
Result<void> erase_details(sql::Transaction& tx, TenantId const& tenant, std::set<EventId> const& events);

}  // namespace hoist::sql_engine
