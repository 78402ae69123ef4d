// A number of coroutines that do the same thing side by side, and the wait for all of them.
// Threads  one.   Lifetime  must outlive what it started: join before it ends.
#pragma once

#include "base/async.hpp"

namespace hoist::cli {

class Workers {
 public:
  using Body = std::function<asio::awaitable<void>()>;

  // `body` is called `count` times, each call a coroutine of its own.
  void start(asio::any_io_executor const& executor, std::size_t count, Body body) {
    running_ += count;
    for (auto index = std::size_t{0}; index < count; ++index)
      spawn(executor, [this, body]() -> asio::awaitable<void> {
        co_await body();
        --running_;
        ended_.notify();
      });
  }

  Async<> join() {
    while (true) {
      auto const ticket = ended_.ticket();
      if (running_ == 0) co_return Result<void>{};
      if (auto woken = co_await ended_.wait(ticket, deadline_in(std::chrono::hours{1})); !woken)
        co_return std::unexpected<Error>{woken.error()};
    }
  }

 private:
  std::size_t running_ = 0;
  Signal ended_;
};

}  // namespace hoist::cli
