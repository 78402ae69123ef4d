#include "events/reconcile.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <unordered_set>

#include "base/try.hpp"
#include "events/export_line.hpp"

namespace hoist::events {
namespace {

constexpr int index_page = 1000;
constexpr int details_page = 128;  // each may have 256 KB
constexpr int outbox_page = 128;

class Reconciler {
 public:
  Reconciler(LogStores stores, TenantId tenant, Deadline deadline)
      : stores_{stores}, tenant_{std::move(tenant)}, deadline_{deadline} {}

  Async<ReconcileReport> run() {
    auto work = [&](sql::Transaction& tx) { return stores_.index.head(tx, tenant_); };
    CO_TRY(auto const head, co_await stores_.database.read(Scope::tenant(tenant_), work, deadline_));
    for (auto after = head.first_sequence - 1;;) {
      auto query = EventQuery{};
      query.tenant = tenant_;
      query.after = after;
      query.limit = details_page;
      auto list = [&](sql::Transaction& tx) { return stores_.index.list(tx, query); };
      CO_TRY(auto const events, co_await stores_.database.read(Scope::tenant(tenant_), list, deadline_));
      if (events.empty()) break;
      CO_CHECK(co_await check(events));
      after = events.back().facts.sequence;
    }
    CO_CHECK(co_await explain_absent());
    CO_CHECK(co_await explain_erased());
    CO_CHECK(co_await find_orphans());
    co_return std::move(report_);
  }

 private:
  static bool is_right(IndexedEvent const& event, std::string_view salt, std::string_view details) {
    return commitment(salt, details) == event.facts.details_hash;
  }

  Async<> check(std::vector<IndexedEvent> const& events) {
    auto ids = std::vector<EventId>{};
    for (auto const& event : events) {
      ++report_.checked;
      indexed_.insert(event.facts.id);
      if (!event.user) unnamed_.insert(event.facts.id);
      if (event.facts.type == redaction_type) notices_.insert(event.facts.id);
      if (event.holds_details) take_notice(event.facts.id, event.details.details);
      if (event.holds_details && !is_right(event, event.details.salt, event.details.details))
        report_.altered.push_back(event.facts.id);
      if (event.user && !event.holds_details) ids.push_back(event.facts.id);
    }
    CO_TRY(auto const found, co_await stores_.details.get(tenant_, std::move(ids), deadline_));
    for (auto const& event : events) {
      if (!event.user || event.holds_details) continue;
      auto const at = found.find(event.facts.id);
      if (at == found.end())
        absent_.insert(event.facts.id);
      else if (at->second.redacted)
        erased_.push_back(event.facts.id);
      else if (!is_right(event, at->second.salt, at->second.details))
        report_.altered.push_back(event.facts.id);
      else
        take_notice(event.facts.id, at->second.details);
    }
    co_return Result<void>{};
  }

  // Details that were not there are in the outbox, or have arrived since, or are lost. In this order:
  // what leaves the outbox has arrived.
  Async<> explain_absent() {
    for (auto after = std::int64_t{0}; !absent_.empty();) {
      auto look = [&](sql::Transaction& tx) { return stores_.index.outbox(tx, after, outbox_page); };
      CO_TRY(auto const waiting, co_await stores_.database.read(Scope::system(), look, deadline_));
      if (waiting.empty()) break;
      for (auto const& item : waiting) {
        if (item.tenant != tenant_) continue;
        take_notice(item.event, item.details);
        report_.pending += static_cast<std::int64_t>(absent_.erase(item.event));
      }
      after = waiting.back().number;
    }
    auto const left = std::vector<EventId>(absent_.begin(), absent_.end());
    for (std::size_t begin = 0; begin < left.size(); begin += details_page) {
      auto const part =
          std::span{left}.subspan(begin, std::min<std::size_t>(details_page, left.size() - begin));
      auto ids = std::vector<EventId>(part.begin(), part.end());
      CO_TRY(auto const arrived, co_await stores_.details.get(tenant_, std::move(ids), deadline_));
      for (auto const& id : part)
        if (!arrived.contains(id)) report_.missing.push_back(id);
      for (auto const& [id, detail] : arrived) take_notice(id, detail.details);
    }
    co_return Result<void>{};
  }

  void take_notice(EventId const& event, std::string const& details) {
    if (!notices_.contains(event)) return;
    for (auto const& id : redacted_by(details)) named_.insert(id);
  }

  // Details that are erased where the event is not: it was erased since we passed by, or by a process
  // that may not.
  Async<> explain_erased() {
    for (auto const& id : erased_) {
      auto find = [&](sql::Transaction& tx) { return stores_.index.find(tx, tenant_, id); };
      auto const event = co_await stores_.database.read(Scope::tenant(tenant_), find, deadline_);
      if (!event && event.error().code() != Code::not_found) co_return std::unexpected{event.error()};
      if (event && event->user) report_.altered.push_back(id);
    }
    for (auto const& id : unnamed_)
      if (!named_.contains(id)) report_.emptied.push_back(id);
    co_return Result<void>{};
  }

  Async<> find_orphans() {
    for (auto after = EventId{};;) {
      CO_TRY(auto const ids, co_await stores_.details.ids(tenant_, after, index_page, deadline_));
      if (ids.empty()) co_return Result<void>{};
      for (auto const& id : ids) {
        if (indexed_.contains(id)) continue;
        // Recorded since we passed by?
        auto find = [&](sql::Transaction& tx) -> Result<bool> {
          auto const event = stores_.index.find(tx, tenant_, id);
          if (!event && event.error().code() != Code::not_found) return std::unexpected{event.error()};
          return event.has_value();
        };
        CO_TRY(auto const known, co_await stores_.database.read(Scope::tenant(tenant_), find, deadline_));
        if (!known) report_.orphans.push_back(id);
      }
      after = ids.back();
    }
  }

  LogStores stores_;
  TenantId tenant_;
  Deadline deadline_;
  ReconcileReport report_;
  std::unordered_set<EventId> indexed_;
  std::set<EventId> absent_;     // from the details store when it was asked
  std::vector<EventId> erased_;  // there, and not in the index
  std::set<EventId> unnamed_;    // erased in the index
  std::unordered_set<EventId> notices_;
  std::unordered_set<EventId> named_;  // by notices
};

}  // namespace

Async<ReconcileReport> reconcile(LogStores stores, TenantId tenant, Deadline deadline) {
  auto reconciler = Reconciler{stores, std::move(tenant), deadline};
  co_return co_await reconciler.run();
}

Async<std::int64_t> repair(Service& service, EventDetails& details, TenantId tenant,
                           ReconcileReport const& report, Deadline deadline) {
  for (auto moved = 1; moved > 0;) {
    CO_TRY(moved, co_await service.relay(deadline));
  }
  auto tombstones = std::vector<OutboxItem>{};
  for (auto const& id : report.orphans) tombstones.push_back({0, tenant, id, "", "", true});
  if (!tombstones.empty()) CO_CHECK(co_await details.put(std::move(tombstones), deadline));
  co_return static_cast<std::int64_t>(report.orphans.size());
}

}  // namespace hoist::events
