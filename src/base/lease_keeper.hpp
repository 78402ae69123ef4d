// Renews what is held for a limited time only, until the work under it has ended: as long as this object
// lives.
//
//   auto const lease = LeaseKeeper{tasks, executor, {.period = visibility / 3, .renew = extend}};
//   ... the work, which may ask lease.lost() ...
//
// Threads   made and destroyed anywhere; lost() from any thread.
// Lifetime  the coroutine that renews may outlive it by one call of `renew`, which owns what it needs. The
//           group that it runs in is drained before what `renew` uses ends.
#pragma once

#include <functional>
#include <memory>

#include "base/task_group.hpp"

namespace hoist {

struct Lease {
  std::chrono::steady_clock::duration period;  // from one renewal to the next
  Deadline until = Deadline::max();            // it is not renewed any more after this
  // Errors: conflict when another holder has it, which is the end; anything else is tried again.
  std::function<Async<>(Deadline deadline)> renew;
};

class LeaseKeeper {
 public:
  LeaseKeeper(TaskGroup& tasks, asio::any_io_executor executor, Lease lease);
  LeaseKeeper(LeaseKeeper const&) = delete;
  ~LeaseKeeper();

  [[nodiscard]] bool lost() const;

 private:
  struct State;
  static asio::awaitable<void> keep(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace hoist
