#include "base/async.hpp"

#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/system/system_error.hpp>

#include <exception>
#include <unordered_map>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/mutex.hpp"

namespace hoist {
namespace detail {

asio::awaitable<void> suspend_until(std::move_only_function<void(std::move_only_function<void()>)> start) {
  auto initiate = [start = std::move(start)](auto handler) mutable {
    auto executor = asio::get_associated_executor(handler);
    auto resume = std::move_only_function<void()>{
        [handler = std::move(handler), executor,
         work = asio::prefer(executor, asio::execution::outstanding_work.tracked)]() mutable {
          asio::post(executor, std::move(handler));
        }};
    start(std::move(resume));
  };
  co_await asio::async_initiate<asio::use_awaitable_t<> const, void()>(std::move(initiate),
                                                                       asio::use_awaitable);
}

void run_private(std::function<asio::awaitable<void>()> body) {
  auto context = asio::io_context{1};
  auto failure = std::exception_ptr{};
  asio::co_spawn(context, body(), [&](std::exception_ptr error) { failure = error; });
  context.run();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace detail

Async<> sleep_for(std::chrono::steady_clock::duration delay) {
  auto timer = asio::steady_timer{co_await asio::this_coro::executor, delay};
  auto error = boost::system::error_code{};
  co_await timer.async_wait(asio::redirect_error(asio::use_awaitable, error));
  if (error) co_return fail(Code::cancelled);
  co_return Result<void>{};
}

void spawn(asio::any_io_executor executor, std::move_only_function<asio::awaitable<void>()> root) {
  // The function object owns the captures of a lambda coroutine, so it lives as long as the frame.
  auto owner = std::make_shared<std::move_only_function<asio::awaitable<void>()>>(std::move(root));
  asio::co_spawn(
      executor, [owner] { return (*owner)(); },
      [owner](std::exception_ptr error) {
        if (!error) return;
        try {
          std::rethrow_exception(error);
        } catch (boost::system::system_error const& thrown) {
          if (thrown.code() == asio::error::operation_aborted) return;
          log::fatal("a root coroutine failed", {{"cause", thrown.what()}});
        } catch (std::exception const& thrown) {
          log::fatal("a root coroutine failed", {{"cause", thrown.what()}});
        }
      });
}

// Each waiter owns a timer on its own executor; notify() posts a cancel to that executor, because
// a timer may be touched only by its own thread.
struct Signal::State {
  Mutex mutex;
  std::uint64_t ticket HOIST_GUARDED_BY(mutex) = 0;
  std::uint64_t next_waiter HOIST_GUARDED_BY(mutex) = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<asio::steady_timer>> waiters HOIST_GUARDED_BY(mutex);
};

Signal::Signal() : state_{std::make_shared<State>()} {}
Signal::~Signal() = default;

std::uint64_t Signal::ticket() const {
  auto const lock = Lock{state_->mutex};
  return state_->ticket;
}

void Signal::notify() {
  // Posted under the lock, and with the timer moved along: a waiter takes the lock before it goes
  // on, so its io_context cannot end while one of its timers is still held here.
  auto const lock = Lock{state_->mutex};
  ++state_->ticket;
  for (auto& [id, timer] : state_->waiters) {
    auto const executor = timer->get_executor();
    asio::post(executor, [owned = std::move(timer)] { owned->expires_at(Deadline::min()); });
  }
  state_->waiters.clear();
}

Async<bool> Signal::wait(std::uint64_t ticket, Deadline deadline) {
  auto const state = state_;
  auto timer = std::make_shared<asio::steady_timer>(co_await asio::this_coro::executor, deadline);
  auto id = std::uint64_t{0};
  {
    auto const lock = Lock{state->mutex};
    if (state->ticket != ticket) co_return true;
    id = state->next_waiter++;
    state->waiters.emplace(id, timer);
  }
  auto error = boost::system::error_code{};
  co_await timer->async_wait(asio::redirect_error(asio::use_awaitable, error));
  auto const lock = Lock{state->mutex};
  state->waiters.erase(id);
  if (state->ticket != ticket) co_return true;
  if (error) co_return fail(Code::cancelled);
  co_return false;
}

}  // namespace hoist
