// Details of events in one table of DynamoDB, which deploy/event_details_table.json describes: an item an
// event, by event and tenant.
//
// Promise  a put is conditional on the item's absence; a read is consistent, so it sees every put that was
//          answered. ids() reads an index that follows within a second, as a rule: what just came may be
//          absent, and what was just redacted may still be there.
// Limits   an item of item_bytes_max, beyond which a put is too_large and says which event it is; 100 items a
// read. TTL      with `keep`, an item names its end in expiresAt, and is absent from then on, whenever
// DynamoDB removes it. Needs    dynamodb:PutItem and BatchGetItem; ids(), which reconciles, needs Query of
// the index. Threads  any.   Lifetime  the account and the clock outlive it. Errors   too_large, throttled,
// unavailable, timeout, forbidden, unauthenticated, not_found (no such table).
#pragma once

#include <memory>

#include "adapters/dynamodb/options.hpp"
#include "aws/client/json_caller.hpp"
#include "ports/event_details.hpp"

namespace hoist::dynamodb {

inline constexpr std::size_t item_bytes_max = 400 * 1024;

class EventDetails final : public hoist::EventDetails {
 public:
  // Errors: invalid for a name that no table can have, and those of JsonCaller.
  static Result<std::unique_ptr<EventDetails>> open(EventDetailsOptions options, aws::Account& account,
                                                    Clock const& clock, aws::CallOptions calls = {});

  Async<> put(std::vector<OutboxItem> items, Deadline deadline) override;
  Async<std::map<EventId, EventDetail>> get(TenantId tenant, std::vector<EventId> ids,
                                            Deadline deadline) override;
  Async<std::vector<EventId>> ids(TenantId tenant, EventId after, int limit, Deadline deadline) override;

 private:
  EventDetails(EventDetailsOptions options, Clock const& clock, aws::RetryOptions retry,
               std::unique_ptr<aws::JsonCaller> caller);
  Async<> put_one(OutboxItem const& item, Deadline deadline);
  Async<> get_some(json::array keys, std::map<EventId, EventDetail>& found, Deadline deadline);
  [[nodiscard]] json::object item_of(OutboxItem const& item) const;
  [[nodiscard]] bool has_expired(json::object const& item) const;

  EventDetailsOptions options_;
  Clock const& clock_;
  aws::RetryOptions retry_;
  std::unique_ptr<aws::JsonCaller> caller_;
  std::string resource_;
  Signal never_;  // pauses wait for it
};

}  // namespace hoist::dynamodb
