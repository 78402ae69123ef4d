// The event log over two stores. The index decides: an event exists once its row, its place in the
// chain and its outbox row are committed. Details follow at once when the other store is well, and
// from the outbox when it is not; until then readers see them as pending.
//
// Threads    any.
// Errors     unavailable when the index is away: nothing was recorded. A failing details store is
//            not an error of record(): the answer says that the details are pending.
// Invariants (1) no details without an index row are ever shown. (2) what was acknowledged is in
//            the index and either in the details store or in the outbox.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "base/mutex.hpp"
#include "base/task_group.hpp"
#include "base/time.hpp"
#include "events/append_groups.hpp"
#include "ports/event_details.hpp"
#include "ports/event_index.hpp"
#include "ports/wakeups.hpp"
#include "sql/database.hpp"

namespace hoist::events {

struct Options {
  std::chrono::milliseconds details_patience{2'000};  // how long record() waits for the other store
  std::size_t settle_batch = 256;
};

inline constexpr int relay_items_max = 500;  // that one relay() moves

// What a reader gets: the event and its details, or why there are none.
struct EventView {
  enum class Details { present, pending, redacted };
  IndexedEvent event;
  Details state = Details::pending;
  std::string details;       // canonical JSON when present
  std::string details_salt;  // when present: proves details_hash
};

struct EventPage {
  std::vector<EventView> events;
  bool more = false;  // there are more: the limit, or page_bytes_max, was reached
};

inline constexpr std::size_t page_bytes_max = 8 * 1024 * 1024;  // of details; a page may end before its limit

class Service {
 public:
  Service(sql::Database& database, EventIndex& index, EventDetails& details, Wakeups& wakeups,
          Metrics& metrics, Options options = {});

  // All accepted events become durable together; an event refused for its id fails alone. Calls that
  // wait together are recorded together: what befalls the stores befalls all of them.
  Async<Outcomes> record(TenantId tenant, std::vector<NewEvent> events, Deadline deadline);
  Async<EventPage> list(EventQuery query, Deadline deadline);
  Async<EventView> find(TenantId tenant, EventId id, Deadline deadline);
  // Erases user and details of these events, and records that it was done as an event of its own.
  // Answers how many it erased: those that were erased before, and notices of erasures, stay.
  Async<std::int64_t> redact(TenantId tenant, std::vector<EventId> ids, UserId by, std::string reason,
                             Deadline deadline);
  // The same as part of the caller's transaction; relay() then brings it to the other store.
  Result<std::int64_t> redact(sql::Transaction& tx, TenantId const& tenant, std::vector<EventId> const& ids,
                              UserId by, std::string const& reason);

  // Moves what the outbox holds to the details store; answers how many items it moved. A job of the host
  // repeats it, and backs off after failures.
  Async<int> relay(Deadline deadline);

  // Takes no more events and waits for those that are being recorded. false: some still are.
  Async<bool> drain(Deadline deadline) { return tasks_.drain(deadline); }

 private:
  asio::awaitable<void> run(std::shared_ptr<AppendGroup> group);
  Async<Outcomes> append(AppendGroup const& group);
  Async<bool> try_details(std::vector<Result<IndexedEvent>>& events, Deadline deadline);
  Async<EventPage> join(TenantId tenant, std::vector<IndexedEvent> events, Deadline deadline);
  Async<std::map<EventId, EventDetail>> details_of(TenantId tenant, std::span<IndexedEvent const> events,
                                                   Deadline deadline);
  Async<> mark_stored_duplicates(TenantId tenant, Outcomes& outcomes, Deadline deadline);
  void remember_settled(std::vector<std::int64_t> const& numbers);
  Async<> settle_remembered(std::size_t at_least, Deadline deadline);

  sql::Database& database_;
  EventIndex& index_;
  EventDetails& details_;
  Wakeups& wakeups_;
  Options options_;
  Counter recorded_;
  Counter duplicates_;
  Counter details_failures_;
  Gauge details_pending_;
  AppendGroups groups_;
  TaskGroup tasks_;  // each runs one group
  Mutex mutex_;
  // In the details store, still in the outbox; an entry's number as often as it has events.
  std::vector<std::int64_t> settled_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::events
