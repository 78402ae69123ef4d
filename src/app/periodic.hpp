// Work that repeats: sweeps, relays, gauges. Each job runs alone, waits its interval after it ended,
// and a failing one is logged and tried again.
// Threads    add() before start; stop() blocks until the jobs under way have ended.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/async.hpp"

namespace hoist::app {

class Periodic {
 public:
  explicit Periodic(asio::any_io_executor executor);
  ~Periodic();
  void add(std::string name, std::chrono::milliseconds interval, std::function<Async<>()> job);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hoist::app
