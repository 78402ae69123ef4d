// The EventDetails port over a SQL database of its own: beside the index's, never in it, so that
// either can be away without the other.
#pragma once

#include "ports/event_details.hpp"

namespace hoist::sql_engine {

class EventDetails final : public hoist::EventDetails {
 public:
  // Creates its table. Blocks; for start-up.
  static Result<std::unique_ptr<EventDetails>> open(sql::Database& database);
  explicit EventDetails(sql::Database& database) : database_{database} {}

  Async<> put(std::vector<OutboxItem> items, Deadline deadline) override;
  Async<std::map<EventId, EventDetail>> get(TenantId tenant, std::vector<EventId> ids,
                                            Deadline deadline) override;
  Async<std::vector<EventId>> ids(TenantId tenant, EventId after, int limit, Deadline deadline) override;

 private:
  sql::Database& database_;
};

}  // namespace hoist::sql_engine
