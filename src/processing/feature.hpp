// The processing of uploaded files as a host sees it.
#pragma once

#include "assembly/feature.hpp"
#include "processing/worker.hpp"

namespace hoist::processing {

class Feature final : public hoist::Feature {
 public:
  Feature(Consumer& queue, Ports ports, WorkerOptions options);

  void start(std::vector<asio::any_io_executor> const& executors) override;
  Async<bool> stop(std::chrono::milliseconds grace) override;

 private:
  Worker worker_;
};

}  // namespace hoist::processing
