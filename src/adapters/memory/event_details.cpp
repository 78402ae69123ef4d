#include "adapters/memory/event_details.hpp"

#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::memory {

bool EventDetails::put_one(OutboxItem const& item) {
  auto const lock = Lock{mutex_};
  if (puts_before_failing == 0) return false;
  if (puts_before_failing > 0) --puts_before_failing;
  auto& details = tenants_[item.tenant];
  auto detail = EventDetail{item.salt, item.details, item.redaction};
  if (item.redaction)
    details.insert_or_assign(item.event, std::move(detail));
  else
    details.emplace(item.event, std::move(detail));
  return true;
}

Async<> EventDetails::stalled(Deadline deadline) {
  if (!stall) co_return Result<void>{};
  (void)co_await never_.wait(never_.ticket(), deadline);
  co_return fail(Code::timeout);
}

Async<> EventDetails::put(std::vector<OutboxItem> items, Deadline deadline) {
  CO_CHECK(co_await stalled(deadline));
  if (fail_puts) co_return fail(Code::unavailable);
  for (auto const& item : items)
    if (!put_one(item)) co_return fail(Code::unavailable);
  if (lose_answers) co_return fail(Code::timeout);
  co_return Result<void>{};
}

Async<std::map<EventId, EventDetail>> EventDetails::get(TenantId tenant, std::vector<EventId> ids,
                                                        Deadline deadline) {
  CO_CHECK(co_await stalled(deadline));
  if (fail_gets) co_return fail(Code::unavailable);
  auto found = std::map<EventId, EventDetail>{};
  auto const lock = Lock{mutex_};
  auto const& details = tenants_[tenant];
  for (auto const& id : ids)
    if (auto const at = details.find(id); at != details.end()) found.insert(*at);
  co_return found;
}

Async<std::vector<EventId>> EventDetails::ids(TenantId tenant, EventId after, int limit, Deadline deadline) {
  CO_CHECK(co_await stalled(deadline));
  if (fail_gets) co_return fail(Code::unavailable);
  auto found = std::vector<EventId>{};
  auto const lock = Lock{mutex_};
  auto const& details = tenants_[tenant];
  for (auto at = details.upper_bound(after); at != details.end() && std::cmp_less(found.size(), limit); ++at)
    if (!at->second.redacted) found.push_back(at->first);
  co_return found;
}

void EventDetails::forget(TenantId const& tenant, EventId const& id) {
  auto const lock = Lock{mutex_};
  tenants_[tenant].erase(id);
}

void EventDetails::falsify(TenantId const& tenant, EventId const& id, std::string details) {
  auto const lock = Lock{mutex_};
  tenants_[tenant][id].details = std::move(details);
}

}  // namespace hoist::memory
