#include "events/service.hpp"

#include <algorithm>

#include "base/json.hpp"
#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::events {
namespace {

constexpr std::size_t join_events = 128;  // whose details are asked for at once

// Takes what is on its way to the other store out of `events`.
std::vector<OutboxItem> take_items(std::vector<Result<IndexedEvent>>& events) {
  auto items = std::vector<OutboxItem>{};
  items.reserve(events.size());
  for (auto& event : events)
    if (event && !event->duplicate && !event->holds_details) items.push_back(std::move(event->details));
  return items;
}

std::vector<std::int64_t> numbers_of(std::vector<OutboxItem> const& items) {
  auto numbers = std::vector<std::int64_t>{};
  numbers.reserve(items.size());
  for (auto const& item : items) numbers.push_back(item.number);
  return numbers;
}

NewEvent redaction_event(std::vector<EventId> const& ids, UserId by, std::string const& reason, Time now) {
  auto list = json::array{};
  for (auto const& id : ids) list.emplace_back(id.str());
  auto details = json::object{{"redacted", std::move(list)}, {"reason", reason}};
  auto event = NewEvent{};
  event.id = EventId{new_uuid7(now)};
  event.user = std::move(by);
  event.type = redaction_type;
  event.at = now;
  event.details = canonical_json(details);
  event.keep_details = true;  // an auditor who verifies the log needs them, whatever the other store does
  return event;
}

EventView view_of(IndexedEvent event, std::map<EventId, EventDetail>& found) {
  auto view = EventView{};
  auto const at = found.find(event.facts.id);
  if (!event.user) {
    view.state = EventView::Details::redacted;
  } else if (event.holds_details) {
    view.state = EventView::Details::present;
    view.details = std::move(event.details.details);
    view.details_salt = std::move(event.details.salt);
  } else if (at != found.end() && !at->second.redacted) {
    view.state = EventView::Details::present;
    view.details = std::move(at->second.details);
    view.details_salt = std::move(at->second.salt);
  }
  view.event = std::move(event);
  return view;
}

}  // namespace

Service::Service(sql::Database& database, EventIndex& index, EventDetails& details, Wakeups& wakeups,
                 Metrics& metrics, Options options)
    : database_{database},
      index_{index},
      details_{details},
      wakeups_{wakeups},
      options_{options},
      recorded_{metrics.counter("hoist_events_recorded_total", "Events recorded")},
      duplicates_{metrics.counter("hoist_events_duplicates_total", "Events that repeated an earlier one")},
      details_failures_{
          metrics.counter("hoist_events_details_failures_total", "Puts that the details store did not take")},
      details_pending_{metrics.gauge("hoist_events_details_pending",
                                     "Entries of the outbox, at most: details that wait for their store")} {}

Async<Outcomes> Service::record(TenantId tenant, std::vector<NewEvent> events, Deadline deadline) {
  for (auto& event : events) event.seal = seal_event(event.user.str(), event.details);
  auto const executor = co_await asio::this_coro::executor;
  auto start = std::move_only_function<void(AppendGroup::Done)>{[&](AppendGroup::Done done) {
    auto opened = groups_.join(tenant, std::move(events), deadline, std::move(done));
    if (!opened || tasks_.spawn(executor, [this, opened] { return run(opened); })) return;
    groups_.close(*opened);
    opened->finish(fail(Error{Code::unavailable}.with_cause("the server is stopping")));
  }};
  co_return co_await suspend<Outcomes>(std::move(start));
}

// On its own, so that it goes on when the caller that opened the group goes away.
asio::awaitable<void> Service::run(std::shared_ptr<AppendGroup> group) {
  auto outcomes = co_await append(*group);
  groups_.close(*group);  // where its transaction never ran
  group->finish(std::move(outcomes));
}

Async<Outcomes> Service::append(AppendGroup const& group) {
  auto work = [&](sql::Transaction& tx) -> Result<std::vector<Result<IndexedEvent>>> {
    groups_.close(group);
    return index_.append(tx, group.tenant(), group.events());
  };
  CO_TRY(auto indexed, co_await database_.write(Scope::tenant(group.tenant()), work, group.deadline()));
  auto const stored = co_await try_details(indexed, group.deadline());
  wakeups_.notify(
      events_of(group.tenant()));  // now, so that who tails the log finds the details where there are any
  auto outcomes = Outcomes{};
  outcomes.reserve(indexed.size());
  for (auto& event : indexed) {
    if (!event) {
      outcomes.emplace_back(std::unexpected{event.error()});
      continue;
    }
    (event->duplicate ? duplicates_ : recorded_).add();
    auto const here = !event->duplicate && stored && *stored;
    outcomes.emplace_back(Recorded{*std::move(event), here});
  }
  CO_CHECK(co_await mark_stored_duplicates(group.tenant(), outcomes, group.deadline()));
  co_return outcomes;
}

// The first attempt may have left its details in the outbox.
Async<> Service::mark_stored_duplicates(TenantId tenant, Outcomes& outcomes, Deadline deadline) {
  auto repeated = std::vector<IndexedEvent>{};
  for (auto const& outcome : outcomes)
    if (outcome && outcome->event.duplicate) repeated.push_back(outcome->event);
  CO_TRY(auto const found, co_await details_of(std::move(tenant), repeated, deadline));
  for (auto& outcome : outcomes)
    if (outcome && outcome->event.duplicate)
      outcome->details_stored = found.contains(outcome->event.facts.id);
  co_return Result<void>{};
}

// true: all details are in the other store. Its failure is not the caller's: the outbox has them.
Async<bool> Service::try_details(std::vector<Result<IndexedEvent>>& events, Deadline deadline) {
  auto items = take_items(events);
  if (items.empty()) co_return true;
  auto const numbers = numbers_of(items);
  auto const patience = std::min(deadline, deadline_in(options_.details_patience));
  if (auto const put = co_await details_.put(std::move(items), patience); !put) {
    details_failures_.add();
    log::warn("event details are pending", {{"cause", put.error().to_string()}});
    co_return false;
  }
  remember_settled(numbers);
  (void)co_await settle_remembered(options_.settle_batch, deadline);
  co_return true;
}

void Service::remember_settled(std::vector<std::int64_t> const& numbers) {
  auto const lock = Lock{mutex_};
  settled_.insert(settled_.end(), numbers.begin(), numbers.end());
}

// Takes settled items out of the outbox, many at a time. Losing this list in a crash is harmless:
// the relay puts them again, which changes nothing, and settles them.
Async<> Service::settle_remembered(std::size_t at_least, Deadline deadline) {
  auto numbers = std::vector<std::int64_t>{};
  {
    auto const lock = Lock{mutex_};
    if (settled_.size() >= std::max<std::size_t>(at_least, 1)) numbers.swap(settled_);
  }
  if (numbers.empty()) co_return Result<void>{};
  auto work = [&](sql::Transaction& tx) -> Result<void> { return index_.settle(tx, numbers); };
  co_return co_await database_.write(Scope::system(), work, deadline);
}

Async<int> Service::relay(Deadline deadline) {
  CO_CHECK(co_await settle_remembered(1, deadline));
  auto depth = std::int64_t{0};
  auto look = [&](sql::Transaction& tx) -> Result<std::vector<OutboxItem>> {
    TRY(depth, index_.outbox_depth(tx));
    return index_.outbox(tx, 0, relay_items_max);
  };
  CO_TRY(auto items, co_await database_.read(Scope::system(), look, deadline));
  details_pending_.set(static_cast<double>(depth));
  if (items.empty()) co_return 0;
  auto const numbers = numbers_of(items);
  CO_CHECK(co_await details_.put(std::move(items), deadline));
  auto settle = [&](sql::Transaction& tx) -> Result<void> { return index_.settle(tx, numbers); };
  CO_CHECK(co_await database_.write(Scope::system(), settle, deadline));
  co_return static_cast<int>(numbers.size());
}

Async<EventPage> Service::list(EventQuery query, Deadline deadline) {
  auto const page = static_cast<std::size_t>(query.limit++);  // one more tells whether there is more
  auto work = [&](sql::Transaction& tx) { return index_.list(tx, query); };
  CO_TRY(auto events, co_await database_.read(Scope::tenant(query.tenant), work, deadline));
  auto const more = events.size() > page;
  if (more) events.pop_back();
  CO_TRY(auto joined, co_await join(query.tenant, std::move(events), deadline));
  joined.more = joined.more || more;
  co_return joined;
}

Async<EventView> Service::find(TenantId tenant, EventId id, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return index_.find(tx, tenant, id); };
  CO_TRY(auto event, co_await database_.read(Scope::tenant(tenant), work, deadline));
  auto one = std::vector<IndexedEvent>{};
  one.push_back(std::move(event));
  CO_TRY(auto page, co_await join(tenant, std::move(one), deadline));
  co_return std::move(page.events.front());
}

// Those that can be had; a store that fails leaves its events without.
Async<std::map<EventId, EventDetail>> Service::details_of(TenantId tenant,
                                                          std::span<IndexedEvent const> events,
                                                          Deadline deadline) {
  auto ids = std::vector<EventId>{};
  for (auto const& event : events)
    if (event.user && !event.holds_details) ids.push_back(event.facts.id);
  if (ids.empty()) co_return std::map<EventId, EventDetail>{};
  auto const patience = std::min(deadline, deadline_in(options_.details_patience));
  auto got = co_await details_.get(std::move(tenant), std::move(ids), patience);
  if (got) co_return *std::move(got);
  log::warn("event details cannot be read", {{"cause", got.error().to_string()}});
  co_return std::map<EventId, EventDetail>{};
}

Async<EventPage> Service::join(TenantId tenant, std::vector<IndexedEvent> events, Deadline deadline) {
  auto page = EventPage{};
  page.events.reserve(events.size());
  auto bytes = std::size_t{0};
  for (std::size_t begin = 0; begin < events.size(); begin += join_events) {
    if (bytes > page_bytes_max) {
      page.more = true;
      break;
    }
    auto const chunk = std::span{events}.subspan(begin, std::min(join_events, events.size() - begin));
    CO_TRY(auto found, co_await details_of(tenant, chunk, deadline));
    for (auto& event : chunk) {
      page.events.push_back(view_of(std::move(event), found));
      bytes += page.events.back().details.size();
    }
  }
  co_return page;
}

Result<std::int64_t> Service::redact(sql::Transaction& tx, TenantId const& tenant,
                                     std::vector<EventId> const& ids, UserId by, std::string const& reason) {
  TRY(auto const redacted, index_.redact(tx, tenant, ids));
  if (redacted == 0) return redacted;
  auto events = std::vector<NewEvent>{};
  events.push_back(redaction_event(ids, std::move(by), reason, tx.now()));
  TRY(auto const appended, index_.append(tx, tenant, events));
  if (!appended.front()) return std::unexpected{appended.front().error()};
  tx.notify(events_of(tenant));
  return redacted;
}

Async<std::int64_t> Service::redact(TenantId tenant, std::vector<EventId> ids, UserId by, std::string reason,
                                    Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return redact(tx, tenant, ids, by, reason); };
  CO_TRY(auto const redacted, co_await database_.write(Scope::tenant(tenant), work, deadline));
  (void)co_await relay(deadline);  // at once where possible; the loop does it otherwise
  co_return redacted;
}

}  // namespace hoist::events
