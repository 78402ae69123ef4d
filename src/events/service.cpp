#include "events/service.hpp"

#include <algorithm>
#include <unordered_set>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::events {
namespace {

constexpr int reconcile_page = 1000;

std::vector<OutboxItem> items_of(std::vector<Result<IndexedEvent>> const& events) {
  auto items = std::vector<OutboxItem>{};
  for (auto const& event : events)
    if (event && !event->duplicate) items.push_back(event->details);
  return items;
}

NewEvent redaction_event(std::vector<EventId> const& ids, UserId by, std::string const& reason, Time now) {
  auto list = json::array{};
  for (auto const& id : ids) list.emplace_back(id.str());
  auto details = json::object{{"redacted", std::move(list)}, {"reason", reason}};
  return {EventId{new_uuid7(now)}, std::move(by), "event.redacted", now, canonical_json(details), "", false};
}

}  // namespace

Service::Service(Database& database, EventIndex& index, EventDetails& details, Broadcast& broadcast,
                 Clock const& clock, Metrics& metrics, Options options)
    : database_{database},
      index_{index},
      details_{details},
      broadcast_{broadcast},
      clock_{clock},
      options_{options},
      recorded_{metrics.counter("hoist_events_recorded_total", "Events recorded")},
      duplicates_{metrics.counter("hoist_events_duplicates_total", "Events that repeated an earlier one")},
      details_failures_{metrics.counter("hoist_events_details_failures_total",
                                        "Puts that the details store did not take")} {}

Async<std::vector<Result<Recorded>>> Service::record(TenantId tenant, std::vector<NewEvent> events,
                                                     Deadline deadline) {
  auto work = [&, now = clock_.now()](sql::Transaction& tx) -> Result<std::vector<Result<IndexedEvent>>> {
    tx.after_commit([this, tenant] { broadcast_.notify(tenant); });
    return index_.append(tx, tenant, events, now);
  };
  CO_TRY(auto indexed, co_await database_.write(tenant, work, deadline));
  auto const stored = co_await try_details(indexed, deadline);
  auto outcomes = std::vector<Result<Recorded>>{};
  outcomes.reserve(indexed.size());
  for (auto& event : indexed) {
    if (!event) {
      outcomes.emplace_back(std::unexpected{event.error()});
      continue;
    }
    (event->duplicate ? duplicates_ : recorded_).add();
    auto const here = event->duplicate || (stored && *stored);
    outcomes.emplace_back(Recorded{*std::move(event), here});
  }
  co_return outcomes;
}

// true: all details are in the other store. Its failure is not the caller's: the outbox has them.
Async<bool> Service::try_details(std::vector<Result<IndexedEvent>> const& events, Deadline deadline) {
  auto const items = items_of(events);
  if (items.empty()) co_return true;
  auto const patience = std::min(deadline, deadline_in(options_.details_patience));
  if (auto const put = co_await details_.put(items, patience); !put) {
    details_failures_.add();
    log::warn("event details are pending", {{"cause", put.error().to_string()}});
    co_return false;
  }
  remember_settled(items);
  (void)co_await settle_remembered(options_.settle_batch, deadline);
  co_return true;
}

void Service::remember_settled(std::vector<OutboxItem> const& items) {
  auto const lock = std::lock_guard{mutex_};
  for (auto const& item : items) settled_.push_back(item.number);
}

// Takes settled items out of the outbox, many at a time. Losing this list in a crash is harmless:
// the relay puts them again, which changes nothing, and settles them.
Async<> Service::settle_remembered(std::size_t at_least, Deadline deadline) {
  auto numbers = std::vector<std::int64_t>{};
  {
    auto const lock = std::lock_guard{mutex_};
    if (settled_.size() >= std::max<std::size_t>(at_least, 1)) numbers.swap(settled_);
  }
  if (numbers.empty()) co_return Result<void>{};
  auto work = [&](sql::Transaction& tx) -> Result<void> { return index_.settle(tx, numbers); };
  co_return co_await database_.write(system_scope(), work, deadline);
}

Async<int> Service::relay(Deadline deadline) {
  CO_CHECK(co_await settle_remembered(1, deadline));
  auto look = [&](sql::Transaction& tx) { return index_.outbox(tx, options_.relay_items_max); };
  CO_TRY(auto items, co_await database_.read(system_scope(), look, deadline));
  if (items.empty()) co_return 0;
  CO_CHECK(co_await details_.put(items, deadline));
  auto numbers = std::vector<std::int64_t>{};
  for (auto const& item : items) numbers.push_back(item.number);
  auto settle = [&](sql::Transaction& tx) -> Result<void> { return index_.settle(tx, numbers); };
  CO_CHECK(co_await database_.write(system_scope(), settle, deadline));
  co_return static_cast<int>(items.size());
}

Async<std::vector<EventView>> Service::list(EventQuery query, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return index_.list(tx, query); };
  CO_TRY(auto events, co_await database_.read(query.tenant, work, deadline));
  co_return co_await join(query.tenant, std::move(events), deadline);
}

Async<EventView> Service::find(TenantId tenant, EventId id, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return index_.find(tx, tenant, id); };
  CO_TRY(auto event, co_await database_.read(tenant, work, deadline));
  auto one = std::vector<IndexedEvent>{};
  one.push_back(std::move(event));
  CO_TRY(auto views, co_await join(tenant, std::move(one), deadline));
  co_return std::move(views.front());
}

Async<std::vector<EventView>> Service::join(TenantId tenant, std::vector<IndexedEvent> events,
                                            Deadline deadline) {
  auto ids = std::vector<EventId>{};
  for (auto const& event : events)
    if (event.user) ids.push_back(event.facts.id);
  auto found = std::map<EventId, EventDetail>{};
  if (!ids.empty()) {
    auto const patience = std::min(deadline, deadline_in(options_.details_patience));
    auto got = co_await details_.get(tenant, std::move(ids), patience);
    if (got)
      found = *std::move(got);
    else
      log::warn("event details cannot be read", {{"cause", got.error().to_string()}});
  }
  auto views = std::vector<EventView>{};
  views.reserve(events.size());
  for (auto& event : events) {
    auto view = EventView{};
    auto const at = found.find(event.facts.id);
    if (!event.user)
      view.state = EventView::Details::redacted;
    else if (at != found.end() && !at->second.redacted) {
      view.state = EventView::Details::present;
      view.details = std::move(at->second.details);
      view.details_salt = std::move(at->second.salt);
    }
    view.event = std::move(event);
    views.push_back(std::move(view));
  }
  co_return views;
}

Async<std::int64_t> Service::redact(TenantId tenant, std::vector<EventId> ids, UserId by, std::string reason,
                                    Deadline deadline) {
  auto work = [&, now = clock_.now()](sql::Transaction& tx) -> Result<std::int64_t> {
    TRY(auto const redacted, index_.redact(tx, tenant, ids));
    if (redacted == 0) return redacted;
    auto events = std::vector<NewEvent>{};
    events.push_back(redaction_event(ids, by, reason, now));
    TRY(auto const appended, index_.append(tx, tenant, std::move(events), now));
    if (!appended.front()) return std::unexpected{appended.front().error()};
    tx.after_commit([this, tenant] { broadcast_.notify(tenant); });
    return redacted;
  };
  CO_TRY(auto const redacted, co_await database_.write(tenant, work, deadline));
  (void)co_await relay(deadline);  // at once where possible; the loop does it otherwise
  co_return redacted;
}

Async<std::int64_t> Service::retire(TenantId tenant, Time before, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) -> Result<std::int64_t> {
    TRY(auto const head, index_.head(tx, tenant));
    TRY(auto const rows, tx.query("SELECT COALESCE(MIN(sequence), $3) FROM events "
                                  "WHERE tenant = $1 AND received_us >= $2",
                                  {tenant.str(), sql::value(before), head.last_sequence + 1}));
    return index_.retire(tx, tenant, rows.at(0).integer(0));
  };
  co_return co_await database_.write(tenant, work, deadline);
}

Async<ReconcileReport> Service::reconcile(TenantId tenant, Deadline deadline) {
  auto report = ReconcileReport{};
  auto query = EventQuery{};
  query.tenant = tenant;
  query.limit = reconcile_page;
  auto head_work = [&](sql::Transaction& tx) { return index_.head(tx, tenant); };
  CO_TRY(auto const head, co_await database_.read(tenant, head_work, deadline));
  query.after = head.first_sequence - 1;
  auto indexed = std::unordered_set<EventId>{};
  while (true) {
    CO_TRY(auto const page, co_await list(query, deadline));
    if (page.empty()) break;
    auto waiting_work = [&](sql::Transaction& tx) { return index_.outbox(tx, INT32_MAX); };
    CO_TRY(auto const outbox, co_await database_.read(system_scope(), waiting_work, deadline));
    for (auto const& view : page) {
      ++report.checked;
      auto const& facts = view.event.facts;
      indexed.insert(facts.id);
      if (view.state == EventView::Details::redacted) continue;
      auto const queued =
          std::ranges::any_of(outbox, [&](auto const& item) { return item.event == facts.id; });
      if (view.state == EventView::Details::present) {
        if (commitment(view.details_salt, view.details) != facts.details_hash)
          report.altered.push_back(facts.id);
      } else if (queued) {
        ++report.pending;
      } else {
        report.missing.push_back(facts.id);
      }
    }
    query.after = page.back().event.facts.sequence;
  }
  for (auto after = EventId{};;) {
    CO_TRY(auto const ids, co_await details_.ids(tenant, after, reconcile_page, deadline));
    if (ids.empty()) break;
    for (auto const& id : ids)
      if (!indexed.contains(id)) report.orphans.push_back(id);
    after = ids.back();
  }
  co_return report;
}

}  // namespace hoist::events
