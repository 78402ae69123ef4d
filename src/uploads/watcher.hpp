// One who watches: a cursor into a tenant's changes and the topics it wants. It is served from
// RecentEvents while it keeps up, and from SQL while it does not.
//
// Threads   one at a time, except wake().   Lifetime  the database outlives it.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "sql/database.hpp"
#include "uploads/recent_events.hpp"

namespace hoist::uploads {

class Watcher {
 public:
  struct Needs {
    sql::Database& database;
    std::shared_ptr<RecentEvents> recent;
    std::shared_ptr<std::atomic<std::size_t>> count;  // of watchers; one less when this one goes
  };
  Watcher(Needs needs, TenantId tenant, std::vector<Topic> topics, std::int64_t cursor);
  ~Watcher();
  Watcher(Watcher const&) = delete;

  // Events of its topics after its cursor; none when `until` passes or wake() is called.
  // Errors: gone.
  Async<std::vector<FeedEvent>> next(Deadline until);
  void wake();

  [[nodiscard]] std::int64_t cursor() const { return place_.cursor; }
  void rewind(std::int64_t cursor) { place_ = {cursor, {}}; }
  [[nodiscard]] std::vector<Topic> const& topics() const { return topics_; }
  void set_topics(std::vector<Topic> topics) { topics_ = std::move(topics); }

 private:
  Async<bool> take_from_sql(std::vector<FeedEvent>& events);

  Needs needs_;
  TenantId tenant_;
  std::vector<Topic> topics_;
  RecentEvents::Place place_;
  std::shared_ptr<Signal> signal_ = std::make_shared<Signal>();
  std::uint64_t listener_ = 0;
  std::atomic<bool> woken_ = false;
};

}  // namespace hoist::uploads
