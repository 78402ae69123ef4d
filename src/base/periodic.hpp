// Work that repeats: sweeps, relays, gauges. Each job runs alone and waits its interval after it ended; a
// failing one is logged and tried again, later each time.
//
// Threads    add() and stop() from one thread; stop() blocks until the jobs under way have ended, which
//            run on the executor until then.
// Lifetime   what the jobs capture outlives stop().
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/async.hpp"

namespace hoist {

class Periodic {
 public:
  using Job = std::function<Async<bool>()>;  // answers whether there is more to do at once

  static constexpr auto longest_backoff = std::chrono::milliseconds{30'000};
  explicit Periodic(asio::any_io_executor executor, std::chrono::milliseconds backoff_max = longest_backoff);
  ~Periodic();
  void add(std::string name, std::chrono::milliseconds interval, Job job);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// How long to wait after `failures` failed runs: the interval doubles up to `max`, or stays where it is
// longer, and a random part of the upper half is waited, so that many processes do not come back at once.
[[nodiscard]] std::chrono::milliseconds retry_delay(std::chrono::milliseconds interval, int failures,
                                                    std::chrono::milliseconds max);

}  // namespace hoist
