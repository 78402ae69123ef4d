#include "base/at_once.hpp"

#include <algorithm>

namespace hoist {
namespace {

struct Run {
  std::size_t count = 0;
  std::function<Async<>(std::size_t)> work;
  std::size_t next = 0;
  std::size_t running = 0;
  std::optional<Error> error;
  Signal ended;
};

asio::awaitable<void> take_turns(std::shared_ptr<Run> run) {
  while (!run->error && run->next < run->count) {
    auto done = co_await run->work(run->next++);
    if (!done && !run->error) run->error = std::move(done).error();
  }
  if (--run->running == 0) run->ended.notify();
}

}  // namespace

Async<> for_each_at_once(std::size_t count, std::size_t width, std::function<Async<>(std::size_t)> work) {
  auto const executor = co_await asio::this_coro::executor;
  auto const run = std::make_shared<Run>();
  run->count = count;
  run->work = std::move(work);
  run->running = std::min(count, width);
  auto const ticket = run->ended.ticket();
  for (auto i = run->running; i > 0; --i) spawn(executor, [run] { return take_turns(run); });
  while (run->running > 0)
    if (auto const woken = co_await run->ended.wait(ticket, Deadline::max()); !woken)
      co_return fail(woken.error());
  if (run->error) co_return fail(*run->error);
  co_return Result<void>{};
}

}  // namespace hoist
