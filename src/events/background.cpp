#include "events/background.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <random>

#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::events {
namespace {

constexpr auto step_timeout = std::chrono::seconds{60};

}  // namespace

std::chrono::milliseconds retry_delay(std::chrono::milliseconds interval, int failures,
                                      std::chrono::milliseconds max) {
  if (failures == 0) return interval;
  thread_local auto random = std::minstd_rand{std::random_device{}()};
  auto const ceiling = std::min(max, interval * (std::int64_t{1} << std::min(failures, 20)));
  auto spread = std::uniform_int_distribution<std::int64_t>{ceiling.count() / 2, ceiling.count()};
  return std::chrono::milliseconds{spread(random)};
}

struct Background::State {
  Service& service;
  Checkpoints& checkpoints;
  Retention& retention;
  BackgroundIntervals intervals;
  Signal stopping;
  std::uint64_t const ticket = stopping.ticket();
  std::mutex mutex;
  std::condition_variable ended;
  int running = 0;  // guarded by mutex

  void finish() {
    auto const lock = std::lock_guard{mutex};
    --running;
    ended.notify_all();
  }
};

namespace {

// Answers whether there is more to do at once.
using Step = std::function<Async<bool>()>;

template <class State>
void run_loop(asio::any_io_executor executor, std::shared_ptr<State> state, std::string name,
              std::chrono::milliseconds interval, Step step) {
  {
    auto const lock = std::lock_guard{state->mutex};
    ++state->running;
  }
  spawn(executor,
        [state = std::move(state), name = std::move(name), interval,
         step = std::move(step)]() -> asio::awaitable<void> {
          auto failures = 0;
          while (true) {
            auto const more = co_await step();
            failures = more ? 0 : failures + 1;
            if (!more)
              log::warn("background work of the event log failed",
                        {{"work", name}, {"cause", more.error().to_string()}});
            auto const delay = more && *more ? std::chrono::milliseconds{0}
                                             : retry_delay(interval, failures, state->intervals.backoff_max);
            auto const stop = co_await state->stopping.wait(state->ticket, deadline_in(delay));
            if (!stop || *stop) break;
          }
          state->finish();
        });
}

}  // namespace

Background::Background(Service& service, Checkpoints& checkpoints, Retention& retention,
                       BackgroundIntervals intervals)
    : state_{std::make_shared<State>(service, checkpoints, retention, intervals)} {}

Background::~Background() {
  stop();
}

void Background::start(asio::any_io_executor executor) {
  auto* const state = state_.get();  // each loop holds the state
  run_loop(executor, state_, "details", state->intervals.relay, [state]() -> Async<bool> {
    CO_TRY(auto const moved, co_await state->service.relay(deadline_in(step_timeout)));
    co_return moved >= state->service.options().relay_items_max;
  });
  run_loop(executor, state_, "checkpoints", state->intervals.checkpoints, [state]() -> Async<bool> {
    CO_CHECK(co_await state->checkpoints.sweep(deadline_in(step_timeout)));
    co_return false;
  });
  run_loop(executor, state_, "retention", state->intervals.retention, [state]() -> Async<bool> {
    CO_CHECK(co_await state->retention.sweep(deadline_in(step_timeout)));
    co_return false;
  });
}

void Background::stop() {
  state_->stopping.notify();
  auto lock = std::unique_lock{state_->mutex};
  state_->ended.wait(lock, [&] { return state_->running == 0; });
}

}  // namespace hoist::events
