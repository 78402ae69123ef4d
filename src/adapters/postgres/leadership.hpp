// Which of several processes does what is done once an installation: the one that holds a lease in the
// database, and renews it. When it ends, the next look of another takes over; when it dies, that is after
// lease_time.
//
// Threads   leads() from any; its own thread renews.
// Danger    who stands still for longer than its lease, inside of a job, goes on beside its successor. So
// what a
//           leader does is allowed to happen twice.
// Clocks    the database's decides whose the lease is. The holder counts from before it asked, so it ends no
// later
//           by its own clock.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "adapters/postgres/connection.hpp"
#include "base/mutex.hpp"

namespace hoist::postgres {

inline constexpr auto renewal_interval = std::chrono::seconds{2};
inline constexpr auto lease_time = std::chrono::seconds{10};
static_assert(2 * renewal_interval < lease_time, "one renewal may be late");

class Leadership {
 public:
  explicit Leadership(std::string url);
  ~Leadership();  // gives the lease back
  Leadership(Leadership const&) = delete;
  [[nodiscard]] bool leads() const;

 private:
  void run();
  void renew();
  bool ask(Command command);
  [[nodiscard]] bool rest();

  std::string url_;
  std::string holder_;
  std::unique_ptr<Connection> connection_;
  std::atomic<Deadline> leads_until_ = Deadline::min();
  Mutex mutex_;
  Condition stopping_;
  bool stopped_ HOIST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hoist::postgres
