// Coroutines: Async<T> is what every asynchronous function of a port or feature returns.
//
// Threads  a coroutine runs on the one thread of its io_context from start to end; work that
//          blocks goes to a Pool and comes back through suspend().
// Rules    spawned roots take their parameters by value; no lock is held across co_await;
//          after cancellation the next co_await throws, so clean-up is done by owners, not awaits.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist {

namespace asio = boost::asio;

template <class T = void>
using Async = asio::awaitable<Result<T>>;

// Waits until `start`'s completion is called, once, from any thread; resumes on the caller's own
// executor. This is the only bridge between callbacks and coroutines.
template <class T>
Async<T> suspend(std::move_only_function<void(std::move_only_function<void(Result<T>)>)> start);

namespace detail {
// Calls `resume` on the caller's executor after `start(resume)` said so.
asio::awaitable<void> suspend_until(std::move_only_function<void(std::move_only_function<void()>)> start);
}  // namespace detail

template <class T>
Async<T> suspend(std::move_only_function<void(std::move_only_function<void(Result<T>)>)> start) {
  auto outcome = std::make_shared<std::optional<Result<T>>>();
  auto begin = std::move_only_function<void(std::move_only_function<void()>)>{
      [outcome, start = std::move(start)](std::move_only_function<void()> resume) mutable {
        auto finish = std::move_only_function<void(Result<T>)>{
            [outcome, resume = std::move(resume)](Result<T> result) mutable {
              outcome->emplace(std::move(result));
              resume();
            }};
        start(std::move(finish));
      }};
  co_await detail::suspend_until(std::move(begin));
  co_return std::move(**outcome);
}

// Waits on the caller's executor. Errors: cancelled.
Async<> sleep_for(std::chrono::steady_clock::duration delay);

// Something that waiters wait for: every waiter present at notify() wakes, or its deadline passes.
// Threads: any. A waiter must have looked at its condition after taking the ticket, so no wake-up
// between looking and waiting is lost:  auto ticket = signal.ticket(); if (!ready) await wait(ticket).
class Signal {
 public:
  Signal();
  ~Signal();
  [[nodiscard]] std::uint64_t ticket() const;
  void notify();
  // true: notified since the ticket was taken; false: the deadline passed. Errors: cancelled.
  Async<bool> wait(std::uint64_t ticket, Deadline deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

// Starts a root coroutine. A root that lets an exception out is a bug and ends the process, except
// for cancellation by a stopping runtime.
void spawn(asio::any_io_executor executor, std::move_only_function<asio::awaitable<void>()> root);

// Runs one coroutine to its end on a private io_context: for tests and command-line tools.
template <class T>
Result<T> run_to_end(std::function<Async<T>()> body);

namespace detail {
void run_private(std::function<asio::awaitable<void>()> body);
}

template <class T>
Result<T> run_to_end(std::function<Async<T>()> body) {
  auto outcome = std::optional<Result<T>>{};
  detail::run_private([&]() -> asio::awaitable<void> { outcome.emplace(co_await body()); });
  return std::move(*outcome);
}

}  // namespace hoist
