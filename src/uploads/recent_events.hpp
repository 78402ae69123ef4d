// The newest events of one tenant, in memory, for all who watch it: the pump of the Feed appends, Watchers
// read from their own places.
//
// Threads     any.
// Bounds      as many events as append() is told; who is further behind reads SQL.
// Invariants  once begun, the events of all changes after `complete_after_` are here, in order.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/async.hpp"
#include "base/mutex.hpp"
#include "uploads/topic.hpp"

namespace hoist::uploads {

class RecentEvents {
 public:
  // `news` is notified when no client watches any more, so that the pump can end.
  explicit RecentEvents(std::shared_ptr<Signal> news) : news_{std::move(news)} {}
  ~RecentEvents() { news_->notify(); }
  RecentEvents(RecentEvents const&) = delete;

  void wake_pump() { news_->notify(); }
  void begin(std::int64_t cursor);
  void append(std::vector<FeedEvent> events, std::size_t events_max);

  // Notified of what is new until the number that add_listener() answers is taken away.
  std::uint64_t add_listener(std::shared_ptr<Signal> listener);
  void remove_listener(std::uint64_t number);

  // Where a watcher reads: after the cursor; the position is known while it is served from here.
  struct Place {
    std::int64_t cursor = 0;
    std::optional<std::uint64_t> position;
  };
  // Adds events of `topics` and moves the place on. false: what comes after the place is not, or no
  // longer, here.
  bool take(Place& place, std::span<Topic const> topics, std::vector<FeedEvent>& events);

 private:
  void wake_listeners() HOIST_REQUIRES(mutex_);

  std::shared_ptr<Signal> news_;
  Mutex mutex_;
  bool begun_ HOIST_GUARDED_BY(mutex_) = false;
  std::deque<FeedEvent> events_ HOIST_GUARDED_BY(mutex_);
  std::uint64_t first_position_ HOIST_GUARDED_BY(mutex_) = 0;
  std::int64_t complete_after_ HOIST_GUARDED_BY(mutex_) = 0;
  std::uint64_t next_listener_ HOIST_GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::shared_ptr<Signal>> listeners_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::uploads
