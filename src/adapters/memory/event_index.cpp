#include "adapters/memory/event_index.hpp"

#include <algorithm>
#include <map>
#include <thread>

#include "adapters/memory/on_commit_or_drop.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::memory {

// Everything the index holds at one moment. Copied for each change; rows themselves are shared.
struct EventIndex::Version {
  struct Row {
    IndexedEvent event;
    std::string request_hash;
  };
  struct Log {
    EventHead head;
    std::map<std::int64_t, std::shared_ptr<Row const>> rows;  // by sequence
    std::map<EventId, std::int64_t> by_id;
  };

  [[nodiscard]] Log const& log(TenantId const& tenant) const {
    static auto const none = Log{};
    auto const at = logs.find(tenant);
    return at == logs.end() ? none : at->second;
  }
  [[nodiscard]] std::shared_ptr<Row const> row(TenantId const& tenant, EventId const& id) const {
    auto const& found = log(tenant);
    auto const at = found.by_id.find(id);
    return at == found.by_id.end() ? nullptr : found.rows.at(at->second);
  }
  // Under one number.
  void send(std::vector<OutboxItem*> const& items) {
    if (items.empty()) return;
    auto& entry = outbox[next_number];
    for (auto* item : items) {
      item->number = next_number;
      entry.push_back(*item);
    }
    ++next_number;
  }
  void erase_details(TenantId const& tenant, EventId const& id) {
    for (auto& [number, items] : outbox)
      std::erase_if(items, [&](auto const& item) { return item.tenant == tenant && item.event == id; });
    std::erase_if(outbox, [](auto const& entry) { return entry.second.empty(); });
    auto tombstone = OutboxItem{0, tenant, id, "", "", true};
    send({&tombstone});
  }

  std::map<TenantId, Log> logs;
  std::map<std::int64_t, std::vector<OutboxItem>> outbox;  // by number
  std::int64_t next_number = 1;
};

// What is committed, and what transactions have made of it that have not ended, oldest first.
class EventIndex::Versions : public std::enable_shared_from_this<Versions> {
 public:
  // What the calling thread's transaction sees.
  std::shared_ptr<Version const> current() {
    auto const lock = Lock{mutex_};
    return newest();
  }
  // `change` answers a Result. A success is kept when `tx` commits; nothing is done otherwise.
  template <class F>
  auto change(sql::Transaction& tx, F change) -> decltype(change(std::declval<Version&>())) {
    auto const lock = Lock{mutex_};
    auto next = std::make_shared<Version>(*newest());
    auto outcome = change(*next);
    if (!outcome) return outcome;
    auto const number = next_pending_++;
    pending_.emplace(number, Pending{std::this_thread::get_id(), std::move(next)});
    auto const drop = [number](Versions& self) {
      auto const relock = Lock{self.mutex_};
      self.pending_.erase(number);
    };
    auto const commit = [number](Versions& self) {
      auto const relock = Lock{self.mutex_};
      self.committed_ = self.pending_.extract(number).mapped().version;
    };
    tx.after_commit(OnCommitOrDrop{shared_from_this(), commit, drop});
    return outcome;
  }

 private:
  struct Pending {
    std::thread::id thread;
    std::shared_ptr<Version const> version;
  };
  [[nodiscard]] std::shared_ptr<Version const> newest() const HOIST_REQUIRES(mutex_) {
    if (pending_.empty()) return committed_;
    auto const& last = pending_.rbegin()->second;
    return last.thread == std::this_thread::get_id() ? last.version : committed_;
  }

  Mutex mutex_;
  std::shared_ptr<Version const> committed_ HOIST_GUARDED_BY(mutex_) = std::make_shared<Version>();
  std::map<std::uint64_t, Pending> pending_ HOIST_GUARDED_BY(mutex_);
  std::uint64_t next_pending_ HOIST_GUARDED_BY(mutex_) = 0;
};

EventIndex::EventIndex() : versions_{std::make_shared<Versions>()} {}
EventIndex::~EventIndex() = default;

Result<void> EventIndex::here() const {
  if (unavailable) return fail(Error{Code::unavailable, "The event index is away."}.with_retry_after(1));
  return {};
}

Result<IndexedEvent> EventIndex::append_one(Version& version, TenantId const& tenant, NewEvent const& event,
                                            Time now) {
  if (appends_before_failing == 0) return fail(Code::unavailable, "The event index failed midway.");
  if (appends_before_failing > 0) --appends_before_failing;
  if (auto const earlier = event.id_given ? version.row(tenant, event.id) : nullptr) {
    if (earlier->request_hash != event.request_hash)
      return fail(Code::key_reuse, "This event id was used before with a different event.");
    auto first = earlier->event;
    first.duplicate = true;
    return first;
  }
  auto& log = version.logs[tenant];
  auto made = chain_event(log.head, tenant, event, now);
  auto stored = made;
  if (!made.holds_details) stored.details = {};
  log.by_id.emplace(event.id, made.facts.sequence);
  log.rows.emplace(made.facts.sequence,
                   std::make_shared<Version::Row>(std::move(stored), event.request_hash));
  return made;
}

Result<std::vector<Result<IndexedEvent>>> EventIndex::append(sql::Transaction& tx, TenantId const& tenant,
                                                             std::vector<NewEvent> const& events) {
  CHECK(here());
  using Outcomes = std::vector<Result<IndexedEvent>>;
  return versions_->change(tx, [&](Version& version) -> Result<Outcomes> {
    auto outcomes = Outcomes{};
    for (auto const& event : events) {
      auto outcome = append_one(version, tenant, event, tx.now());
      if (!outcome && outcome.error().code() != Code::key_reuse) return std::unexpected{outcome.error()};
      outcomes.push_back(std::move(outcome));
    }
    auto sent = std::vector<OutboxItem*>{};
    for (auto& outcome : outcomes)
      if (outcome && !outcome->duplicate && !outcome->holds_details) sent.push_back(&outcome->details);
    version.send(sent);
    return outcomes;
  });
}

namespace {

bool matches(EventQuery const& query, IndexedEvent const& event) {
  auto const& facts = event.facts;
  auto const on_page =
      query.after == 0 || (query.descending ? facts.sequence < query.after : facts.sequence > query.after);
  return on_page && (!query.user || event.user == query.user) && (!query.type || facts.type == *query.type) &&
         (!query.from || facts.at >= *query.from) && (!query.to || facts.at < *query.to);
}

}  // namespace

Result<std::vector<IndexedEvent>> EventIndex::list(sql::Transaction&, EventQuery const& query) {
  CHECK(here());
  auto const version = versions_->current();
  auto const& log = version->log(query.tenant);
  if (!query.descending && query.after > 0 && query.after + 1 < log.head.first_sequence)
    return fail(
        Error{Code::gone, "The cursor is older than the events that are kept; start again."}.with_slug(
            "cursor_expired"));
  auto events = std::vector<IndexedEvent>{};
  for (auto const& [sequence, row] : log.rows)
    if (matches(query, row->event)) events.push_back(row->event);
  if (query.descending) std::ranges::reverse(events);
  events.resize(std::min(events.size(), static_cast<std::size_t>(query.limit)));
  return events;
}

Result<std::vector<std::string>> EventIndex::leaves(sql::Transaction&, TenantId const& tenant,
                                                    std::int64_t after, int limit) {
  CHECK(here());
  auto const version = versions_->current();
  auto const& rows = version->log(tenant).rows;
  auto all = std::vector<std::string>{};
  for (auto at = rows.upper_bound(after); at != rows.end() && std::cmp_less(all.size(), limit); ++at)
    all.push_back(event_leaf(at->second->event.facts));
  return all;
}

Result<IndexedEvent> EventIndex::find(sql::Transaction&, TenantId const& tenant, EventId const& id) {
  CHECK(here());
  auto const row = versions_->current()->row(tenant, id);
  if (!row) return fail(Code::not_found, "There is no such event.");
  return row->event;
}

Result<EventHead> EventIndex::head(sql::Transaction&, TenantId const& tenant) {
  CHECK(here());
  return versions_->current()->log(tenant).head;
}

Result<std::vector<TenantId>> EventIndex::tenants(sql::Transaction&) {
  CHECK(here());
  auto const version = versions_->current();
  auto names = std::vector<TenantId>{};
  for (auto const& [tenant, log] : version->logs) names.push_back(tenant);
  return names;
}

Result<std::int64_t> EventIndex::redact(sql::Transaction& tx, TenantId const& tenant,
                                        std::vector<EventId> const& ids) {
  CHECK(here());
  return versions_->change(tx, [&](Version& version) -> Result<std::int64_t> {
    auto redacted = std::int64_t{0};
    for (auto const& id : ids) {
      auto const row = version.row(tenant, id);
      if (!row || !row->event.user || row->event.facts.type == redaction_type) continue;
      auto changed = *row;
      changed.event.user.reset();
      changed.event.user_salt.clear();
      changed.request_hash.clear();
      changed.event.holds_details = false;
      changed.event.details = {};
      if (!row->event.holds_details) version.erase_details(tenant, id);
      auto const sequence = changed.event.facts.sequence;
      version.logs[tenant].rows[sequence] = std::make_shared<Version::Row>(std::move(changed));
      ++redacted;
    }
    return redacted;
  });
}

Result<std::int64_t> EventIndex::retire(sql::Transaction& tx, TenantId const& tenant,
                                        std::int64_t first_kept) {
  CHECK(here());
  return versions_->change(tx, [&](Version& version) -> Result<std::int64_t> {
    if (!version.logs.contains(tenant)) return std::int64_t{0};
    auto& log = version.logs.at(tenant);
    auto removed = std::int64_t{0};
    for (; !log.rows.empty() && log.rows.begin()->first < first_kept; ++removed) {
      auto const row = log.rows.begin()->second;
      if (!row->event.holds_details) version.erase_details(tenant, row->event.facts.id);
      log.head.first_sequence = row->event.facts.sequence + 1;
      log.head.chain_before = row->event.chain;
      log.by_id.erase(row->event.facts.id);
      log.rows.erase(log.rows.begin());
    }
    return removed;
  });
}

Result<std::vector<OutboxItem>> EventIndex::outbox(sql::Transaction&, std::int64_t after, int limit) {
  CHECK(here());
  auto const version = versions_->current();
  auto items = std::vector<OutboxItem>{};
  auto entry = version->outbox.upper_bound(after);
  for (; entry != version->outbox.end() && std::cmp_less(items.size(), limit); ++entry)
    items.insert(items.end(), entry->second.begin(), entry->second.end());
  return items;
}

Result<std::int64_t> EventIndex::outbox_depth(sql::Transaction&) {
  CHECK(here());
  return std::ssize(versions_->current()->outbox);
}

Result<void> EventIndex::settle(sql::Transaction& tx, std::vector<std::int64_t> const& numbers) {
  CHECK(here());
  if (fail_settles) return fail(Code::unavailable, "The event index failed at settling.");
  return versions_->change(tx, [&](Version& version) -> Result<void> {
    for (auto const number : numbers) version.outbox.erase(number);
    return {};
  });
}

}  // namespace hoist::memory
