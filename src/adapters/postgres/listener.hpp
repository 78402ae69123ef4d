// Tells the other processes of what this one committed, and hears of what they did: LISTEN and NOTIFY on a
// connection of its own.
//
// Why not   NOTIFY inside of the transaction itself: PostgreSQL lets only one transaction at a time commit
// with
//           one, so all would wait for each other's sync. A wake-up that is lost between a commit and its
//           announcement is what ports/wakeups.hpp allows for: who waits looks by itself from time to time.
// Threads   announce() from any; its own thread does the rest.
// Limits    announced_max topics wait to be told; then the oldest watchers of other processes look by
// themselves. Errors    none: it connects again, for ever, ever less often.
#pragma once

#include <set>
#include <thread>

#include "adapters/postgres/connection.hpp"
#include "adapters/postgres/surroundings.hpp"
#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "model/topic.hpp"

namespace hoist::postgres {

inline constexpr auto announced_max = std::size_t{10'000};

class Listener {
 public:
  // `listens` false: behind a pooler, where a connection belongs to no process. Then others are not told.
  Listener(Connection::Options connection, bool listens, Wakeups& wakeups);
  ~Listener();
  Listener(Listener const&) = delete;

  // Wakes who watches the topic: here at once, elsewhere soon.
  void announce(Topic const& topic);

 private:
  void run();
  void serve(Connection& connection);
  bool tell(Connection& connection);
  void hear(Connection& connection);
  [[nodiscard]] bool stopped() const;
  void wait_for_news(Connection const& connection) const;
  void wait(std::chrono::milliseconds time) const;

  Connection::Options options_;
  Wakeups& wakeups_;
  Fd wake_;  // readable: look at what is announced, or stop
  mutable Mutex mutex_;
  std::set<Topic> announced_ HOIST_GUARDED_BY(mutex_);
  bool stopped_ HOIST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hoist::postgres
