// The Wakeups port over all processes that share a database: tells the others of what this one has to say,
// and hears of what they did, by LISTEN and NOTIFY on a connection of its own. Here it is told at once.
//
// Why not   NOTIFY inside of the transaction itself: PostgreSQL lets only one transaction at a time commit
// with
//           one, so all would wait for each other's sync. A wake-up that is lost between a commit and its
//           announcement is what ports/wakeups.hpp allows for: who waits looks by itself from time to time.
// Threads   any; its own thread speaks with the database.
// Limits    announced_max topics wait to be told; watchers of other processes look by themselves for the
// rest. Errors    none: it connects again, for ever, ever less often.
#pragma once

#include <set>
#include <thread>

#include "adapters/postgres/connection.hpp"
#include "base/fd.hpp"
#include "base/mutex.hpp"
#include "ports/wakeups.hpp"

namespace hoist::postgres {

inline constexpr auto announced_max = std::size_t{10'000};

class Listener final : public Wakeups {
 public:
  // `here` are those of this process, and outlive it. `listens` false: behind a pooler, where a connection
  // belongs to no process. Then others are not told.
  Listener(Wakeups& here, std::string url, bool listens);
  ~Listener() override;
  Listener(Listener const&) = delete;

  void notify(Topic const& topic) override;
  std::shared_ptr<Signal> watch(Topic const& topic) override { return here_.watch(topic); }

 private:
  void run();
  void serve(Connection& connection);
  bool tell(Connection& connection);
  void hear(Connection& connection);
  [[nodiscard]] bool stopped() const;
  void wait_for_news(Connection const& connection) const;
  void wait(std::chrono::milliseconds time) const;

  Connection::Options options_;
  Wakeups& here_;
  Fd wake_;  // readable: look at what is announced, or stop
  mutable Mutex mutex_;
  std::set<Topic> announced_ HOIST_GUARDED_BY(mutex_);
  bool stopped_ HOIST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hoist::postgres
