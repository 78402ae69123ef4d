// What every process has, whatever it serves: threads, metrics, and the features that it runs.
//
// Threads   start() and stop() from one thread.
// Lifetime  before everything that is added; what was added outlives stop().
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "assembly/feature.hpp"
#include "base/metrics.hpp"
#include "base/periodic.hpp"
#include "base/runtime.hpp"

namespace hoist::hosts {

class Host {
 public:
  explicit Host(std::size_t threads);  // 0: one a core

  [[nodiscard]] Metrics& metrics() { return metrics_; }
  [[nodiscard]] Runtime& runtime() { return runtime_; }

  void add(Feature& feature) { features_.push_back(&feature); }
  // Those of an engine, or of the host itself.
  void add(std::vector<Job> jobs);

  // Begins with the features' messages, then with every job when `with_jobs`: one process of an
  // installation does them.
  // `leads`: asked before each of the features' jobs, which only one server of an installation does.
  void start(bool with_jobs, std::function<bool()> leads = {});
  // Lets what is in work end within the grace, then ends the threads.
  void stop(std::chrono::milliseconds grace);

 private:
  [[nodiscard]] std::vector<asio::any_io_executor> executors();  // one a thread: work spreads over them

  Metrics metrics_;
  Runtime runtime_;
  Periodic periodic_;
  std::vector<Job> jobs_;
  std::vector<Feature*> features_;
};

[[nodiscard]] std::size_t cores();

}  // namespace hoist::hosts
