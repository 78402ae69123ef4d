// Coroutines that go on when the caller that started them has gone, owned by the object that they work for:
// it drains the group before what they use ends.
//
//   auto tasks = TaskGroup{};
//   tasks.spawn(executor, [this] { return relay(); });
//   ...
//   auto const all_ended = co_await tasks.drain(deadline_in(5s));
//
// Threads   any.
// Lifetime  a task that is still suspended when its runtime ends may be destroyed after the group.
// Errors    drain(): cancelled.
#pragma once

#include <functional>
#include <memory>

#include "base/async.hpp"

namespace hoist {

class TaskGroup {
 public:
  TaskGroup();

  // As hoist::spawn(). false: the group is being drained, and nothing was started.
  bool spawn(asio::any_io_executor executor, std::move_only_function<asio::awaitable<void>()> root);

  // Whether close() or drain() was called. A task that waits for long looks at it, or waits with pause().
  [[nodiscard]] bool draining() const;
  // Returns when `delay` is over or the group is drained.
  Async<> pause(std::chrono::steady_clock::duration delay) const;

  // Starts no more tasks and asks those that run to end. For owners who have to wake them first.
  void close();
  // Closes the group and waits for its tasks. false: some go on after `deadline`.
  Async<bool> drain(Deadline deadline);

 private:
  struct State;
  class Task;
  std::shared_ptr<State> state_;
};

}  // namespace hoist
