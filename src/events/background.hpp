// The work of the event log that nobody waits for: bringing details to their store, making
// checkpoints, and retention.
//
// Threads   start() and stop() from one thread; stop() blocks until the loops have ended, which run on
//           `executor` until then.
// Lifetime  service, checkpoints and retention outlive it.
#pragma once

#include <memory>

#include "events/retention.hpp"

namespace hoist::events {

struct BackgroundIntervals {
  std::chrono::milliseconds relay{500};
  std::chrono::milliseconds checkpoints{5'000};
  std::chrono::milliseconds retention{600'000};
  std::chrono::milliseconds backoff_max{30'000};  // after failures the interval doubles up to this
};

class Background {
 public:
  Background(Service& service, Checkpoints& checkpoints, Retention& retention,
             BackgroundIntervals intervals = {});
  ~Background();
  void start(asio::any_io_executor executor);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// How long to wait before the attempt after `failures` failed ones: doubling, then a random part of
// the upper half, so that many processes do not come back at once.
[[nodiscard]] std::chrono::milliseconds retry_delay(std::chrono::milliseconds interval, int failures,
                                                    std::chrono::milliseconds max);

}  // namespace hoist::events
