#include "base/task_group.hpp"

#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist {

struct TaskGroup::State {
  Mutex mutex;
  std::size_t running HOIST_GUARDED_BY(mutex) = 0;
  bool draining HOIST_GUARDED_BY(mutex) = false;
  Signal asked_to_end;
  Signal ended;
};

// Counts as running from spawn() until the frame that holds it is gone, however the frame ends.
class TaskGroup::Task {
 public:
  explicit Task(std::shared_ptr<State> state) : state_{std::move(state)} {}
  Task(Task&&) = default;
  Task& operator=(Task&&) = delete;
  ~Task() {
    if (!state_) return;
    {
      auto const lock = Lock{state_->mutex};
      --state_->running;
    }
    state_->ended.notify();
  }

 private:
  std::shared_ptr<State> state_;
};

TaskGroup::TaskGroup() : state_{std::make_shared<State>()} {}

bool TaskGroup::spawn(asio::any_io_executor executor, std::move_only_function<asio::awaitable<void>()> root) {
  {
    auto const lock = Lock{state_->mutex};
    if (state_->draining) return false;
    ++state_->running;
  }
  hoist::spawn(std::move(executor),
               [task = Task{state_}, root = std::move(root)]() mutable { return root(); });
  return true;
}

bool TaskGroup::draining() const {
  auto const lock = Lock{state_->mutex};
  return state_->draining;
}

Async<> TaskGroup::pause(std::chrono::steady_clock::duration delay) const {
  auto const state = state_;
  auto const ticket = state->asked_to_end.ticket();
  if (draining()) co_return Result<void>{};
  CO_TRY([[maybe_unused]] auto const asked, co_await state->asked_to_end.wait(ticket, deadline_in(delay)));
  co_return Result<void>{};
}

void TaskGroup::close() {
  {
    auto const lock = Lock{state_->mutex};
    state_->draining = true;
  }
  state_->asked_to_end.notify();
}

Async<bool> TaskGroup::drain(Deadline deadline) {
  close();
  auto const state = state_;
  auto const none_runs = [&] {
    auto const lock = Lock{state->mutex};
    return state->running == 0;
  };
  while (true) {
    auto const ticket = state->ended.ticket();
    if (none_runs()) co_return true;
    CO_TRY(auto const notified, co_await state->ended.wait(ticket, deadline));
    if (!notified) co_return none_runs();
  }
}

}  // namespace hoist
