#include "base/periodic.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "base/mutex.hpp"
#include "base/retry.hpp"

namespace hoist {

std::chrono::milliseconds retry_delay(std::chrono::milliseconds interval, int failures,
                                      std::chrono::milliseconds max) {
  if (failures == 0) return interval;
  return duration_cast<std::chrono::milliseconds>(
      Backoff{.first = 2 * interval, .longest = std::max(max, interval)}.after(failures));
}

struct Periodic::State {
  asio::any_io_executor executor;
  std::chrono::milliseconds backoff_max;
  Signal stopping;
  std::uint64_t ticket = stopping.ticket();
  Mutex mutex;
  Condition ended;
  int running HOIST_GUARDED_BY(mutex) = 0;

  void begin() {
    auto const lock = Lock{mutex};
    ++running;
  }
  void finish() {
    auto const lock = Lock{mutex};
    --running;
    ended.notify_all();
  }
  // Answers false when it is time to end.
  Async<bool> wait(std::chrono::milliseconds delay) {
    auto const stop = co_await stopping.wait(ticket, deadline_in(delay));
    co_return stop && !*stop;
  }
};

Periodic::Periodic(asio::any_io_executor executor, std::chrono::milliseconds backoff_max)
    : state_{std::make_shared<State>(std::move(executor), backoff_max)} {}

Periodic::~Periodic() {
  stop();
}

void Periodic::add(std::string name, std::chrono::milliseconds interval, Job job) {
  state_->begin();
  spawn(state_->executor,
        [state = state_, name = std::move(name), interval, job = std::move(job)]() -> asio::awaitable<void> {
          auto failures = 0;
          auto go_on = true;
          while (go_on) {
            auto const more = co_await job();
            failures = more ? 0 : failures + 1;
            if (!more && more.error().code() != Code::cancelled)
              log::warn("a periodic job failed", {{"job", name}, {"cause", more.error().to_string()}});
            auto const delay = more && *more ? std::chrono::milliseconds{0}
                                             : retry_delay(interval, failures, state->backoff_max);
            go_on = *co_await state->wait(delay);
          }
          state->finish();
        });
}

void Periodic::stop() {
  state_->stopping.notify();
  auto const lock = Lock{state_->mutex};
  while (state_->running > 0) state_->ended.wait(state_->mutex);
}

}  // namespace hoist
