// Calls that wait for the index at the same time become one transaction and one put: what both cost
// is paid per group, not per call.
//
// A tenant has at most one open group. It is open from its first call until the index's transaction
// starts to run, so it holds what arrived while the one before was being committed.
//
// Threads  any.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "base/mutex.hpp"
#include "ports/event_index.hpp"

namespace hoist::events {

// What a caller hears of one event.
struct Recorded {
  IndexedEvent event;
  bool details_stored = false;
};
using Outcomes = std::vector<Result<Recorded>>;

inline constexpr std::size_t group_events_max = 1'000;
inline constexpr std::size_t group_bytes_max = 4 * 1024 * 1024;  // of details

class AppendGroup {
 public:
  using Done = std::move_only_function<void(Result<Outcomes>)>;

  AppendGroup(TenantId tenant, Deadline deadline) : tenant_{std::move(tenant)}, deadline_{deadline} {}

  [[nodiscard]] TenantId const& tenant() const { return tenant_; }
  [[nodiscard]] std::vector<NewEvent> const& events() const { return events_; }
  [[nodiscard]] Deadline deadline() const { return deadline_; }  // that of its first call
  // Hands every call its own events' outcomes, or all of them the failure. Once.
  void finish(Result<Outcomes> outcomes);

 private:
  friend class AppendGroups;
  struct Call {
    std::size_t events;
    Done done;
  };
  [[nodiscard]] bool takes(std::size_t events, std::size_t bytes) const;
  void add(std::vector<NewEvent> events, std::size_t bytes, Done done);

  TenantId tenant_;
  Deadline deadline_;
  std::vector<NewEvent> events_;
  std::size_t bytes_ = 0;
  std::vector<Call> calls_;
};

class AppendGroups {
 public:
  // Answers the group if this call opened it: then the caller sees to it that it is closed, run and
  // finished. Otherwise the call that opened it does.
  std::shared_ptr<AppendGroup> join(TenantId const& tenant, std::vector<NewEvent> events, Deadline deadline,
                                    AppendGroup::Done done);
  // After this the group's events are fixed. Again does nothing.
  void close(AppendGroup const& group);

 private:
  Mutex mutex_;
  std::map<TenantId, std::shared_ptr<AppendGroup>> open_ HOIST_GUARDED_BY(mutex_);  // and so are open groups
};

}  // namespace hoist::events
