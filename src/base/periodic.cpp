#include "base/periodic.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "base/log.hpp"

namespace hoist {

std::chrono::milliseconds retry_delay(std::chrono::milliseconds interval, int failures,
                                      std::chrono::milliseconds max) {
  if (failures == 0) return interval;
  thread_local auto random = std::minstd_rand{std::random_device{}()};
  auto const doubled = interval * (std::int64_t{1} << std::min(failures, 20));
  auto const ceiling = std::min(std::max(max, interval), doubled);
  auto spread = std::uniform_int_distribution<std::int64_t>{ceiling.count() / 2, ceiling.count()};
  return std::chrono::milliseconds{spread(random)};
}

struct Periodic::State {
  asio::any_io_executor executor;
  std::chrono::milliseconds backoff_max;
  Signal stopping;
  std::uint64_t ticket = stopping.ticket();
  std::mutex mutex;
  std::condition_variable ended;
  int running = 0;  // guarded by mutex

  void begin() {
    auto const lock = std::lock_guard{mutex};
    ++running;
  }
  void finish() {
    auto const lock = std::lock_guard{mutex};
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
  auto lock = std::unique_lock{state_->mutex};
  state_->ended.wait(lock, [&] { return state_->running == 0; });
}

}  // namespace hoist
