#include "processing/feature.hpp"

#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::processing {

Feature::Feature(Consumer& queue, Ports ports, WorkerOptions options)
    : worker_{queue, ports, std::move(options)} {}

void Feature::start(std::vector<asio::any_io_executor> const& executors) {
  worker_.start(executors);
}

Async<bool> Feature::stop(std::chrono::milliseconds grace) {
  CO_TRY(auto const finished, co_await worker_.stop(grace));
  if (!finished) log::warn("files in work go back to the queue: the grace was too short");
  co_return finished;
}

}  // namespace hoist::processing
