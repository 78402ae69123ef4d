// One feature as a host sees it. uploads/feature.hpp and its like make one of an engine's stores and their
// own settings, and own everything behind it.
//
// Threads   start() and stop() from one thread; add_routes() and jobs() before start().
// Lifetime  what its routes and jobs use lives as long as the feature; the engine and what it was made of
//           outlive it.
#pragma once

#include <chrono>
#include <vector>

#include "assembly/maintenance.hpp"
#include "base/async.hpp"
#include "net/router.hpp"

namespace hoist {

class Feature {
 public:
  virtual ~Feature() = default;
  virtual void add_routes(net::Router&) {}
  virtual std::vector<Job> jobs() { return {}; }
  // Begins to take messages from its queue, spread over the executors.
  virtual void start(std::vector<asio::any_io_executor> const&) {}
  // Takes nothing new, and waits for what is in work. false: the grace was too short, and that is
  // delivered again.
  virtual Async<bool> stop(std::chrono::milliseconds grace);
};

inline Async<bool> Feature::stop(std::chrono::milliseconds) {
  co_return true;
}

}  // namespace hoist
