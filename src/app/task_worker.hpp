// Works on tasks in a process of its own, beside the one that serves the same data folder.
//
// Errors   everything that keeps it from starting, in words; not_found when there is no data.
// Lifetime start() after open(); stop() before destruction; both from one thread.
#pragma once

#include <memory>

#include "app/app.hpp"

namespace hoist::app {

class TaskWorker {
 public:
  static Result<std::unique_ptr<TaskWorker>> open(Config config);
  ~TaskWorker();
  void start();
  // Takes nothing new and waits for what runs, within the grace.
  void stop();

 private:
  explicit TaskWorker(std::unique_ptr<App::Parts> parts);
  std::unique_ptr<App::Parts> parts_;
};

}  // namespace hoist::app
