#include "base/pool.hpp"

#include <deque>
#include <pthread.h>
#include <thread>
#include <vector>

#include "base/mutex.hpp"

namespace hoist {

struct Pool::State {
  Options options;
  mutable Mutex mutex;
  Condition arrived;
  std::deque<std::move_only_function<void()>> queue HOIST_GUARDED_BY(mutex);
  bool stopping HOIST_GUARDED_BY(mutex) = false;
  std::vector<std::thread> threads;

  ~State() {
    {
      auto const lock = Lock{mutex};
      stopping = true;
    }
    arrived.notify_all();
    for (auto& thread : threads) thread.join();
  }

  void work() {
    pthread_setname_np(pthread_self(), options.name.substr(0, 15).c_str());
    while (true) {
      auto job = std::move_only_function<void()>{};
      {
        auto const lock = Lock{mutex};
        while (!stopping && queue.empty()) arrived.wait(mutex);
        if (queue.empty()) return;
        job = std::move(queue.front());
        queue.pop_front();
      }
      job();
    }
  }
};

// The threads end with State, so also when the system gives only some of them.
Pool::Pool(Options options) : state_{std::make_unique<State>()} {
  state_->options = std::move(options);
  for (std::size_t i = 0; i < state_->options.threads; ++i)
    state_->threads.emplace_back([state = state_.get()] { state->work(); });
}

Pool::~Pool() = default;

bool Pool::try_post(std::move_only_function<void()> work) {
  {
    auto const lock = Lock{state_->mutex};
    if (state_->stopping || state_->queue.size() >= state_->options.queue_max) return false;
    state_->queue.push_back(std::move(work));
  }
  state_->arrived.notify_one();
  return true;
}

std::size_t Pool::waiting() const {
  auto const lock = Lock{state_->mutex};
  return state_->queue.size();
}

Pool::Options const& Pool::options() const {
  return state_->options;
}

}  // namespace hoist
