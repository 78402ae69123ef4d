// Works on tasks in a process of its own, beside the one that serves the same data.
//
// Errors   everything that keeps it from starting, in words; not_found when there is no data.
// Lifetime start() after open(); stop() before destruction; both from one thread.
#pragma once

#include <memory>

#include "assembly/engine.hpp"
#include "hosts/config.hpp"
#include "hosts/host.hpp"

namespace hoist::hosts {

class Worker {
 public:
  static Result<std::unique_ptr<Worker>> open(Config config);
  void start() { host_.start(false); }  // periodic jobs are the server's
  // Takes nothing new and waits for what runs, within the grace.
  void stop() { host_.stop(config_.server.shutdown_grace); }

 private:
  explicit Worker(Config config);

  Config config_;
  Host host_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Feature> tasks_;
};

}  // namespace hoist::hosts
