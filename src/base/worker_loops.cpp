#include "base/worker_loops.hpp"

#include "base/try.hpp"

namespace hoist {

void WorkerLoops::start(int count, std::vector<asio::any_io_executor> const& executors,
                        std::function<asio::awaitable<void>()> const& lane) {
  for (auto i = 0; i < count; ++i) {
    ++running_;
    spawn(executors[static_cast<std::size_t>(i) % executors.size()], [this, lane]() -> asio::awaitable<void> {
      co_await lane();
      --running_;
      ended_.notify();
    });
  }
}

asio::awaitable<void> WorkerLoops::pause(std::chrono::steady_clock::duration delay) {
  auto const ticket = asked_.ticket();
  if (!stopping_) (void)co_await asked_.wait(ticket, deadline_in(delay));
}

void WorkerLoops::ask_to_stop() {
  stopping_ = true;
  asked_.notify();
}

Async<bool> WorkerLoops::stop(std::chrono::milliseconds grace) {
  ask_to_stop();
  for (auto const deadline = deadline_in(grace);;) {
    auto const ticket = ended_.ticket();
    if (running_ == 0) co_return true;
    CO_TRY(auto const notified, co_await ended_.wait(ticket, deadline));
    if (!notified) co_return running_ == 0;
  }
}

}  // namespace hoist
