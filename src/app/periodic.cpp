#include "app/periodic.hpp"

#include <condition_variable>
#include <mutex>

#include "base/log.hpp"

namespace hoist::app {

struct Periodic::State {
  asio::any_io_executor executor;
  Signal stopping;
  std::uint64_t ticket = stopping.ticket();
  std::mutex mutex;
  std::condition_variable ended;
  int running = 0;  // guarded by mutex

  void finish() {
    auto const lock = std::lock_guard{mutex};
    --running;
    ended.notify_all();
  }
};

Periodic::Periodic(asio::any_io_executor executor) : state_{std::make_shared<State>(std::move(executor))} {}

Periodic::~Periodic() {
  stop();
}

void Periodic::add(std::string name, std::chrono::milliseconds interval, std::function<Async<>()> job) {
  {
    auto const lock = std::lock_guard{state_->mutex};
    ++state_->running;
  }
  spawn(state_->executor,
        [state = state_, name = std::move(name), interval, job = std::move(job)]() -> asio::awaitable<void> {
          while (true) {
            auto const done = co_await job();
            if (!done && done.error().code() != Code::cancelled)
              log::warn("a periodic job failed", {{"job", name}, {"cause", done.error().to_string()}});
            auto const stop = co_await state->stopping.wait(state->ticket, deadline_in(interval));
            if (!stop || *stop) break;
          }
          state->finish();
        });
}

void Periodic::stop() {
  state_->stopping.notify();
  auto lock = std::unique_lock{state_->mutex};
  state_->ended.wait(lock, [&] { return state_->running == 0; });
}

}  // namespace hoist::app
