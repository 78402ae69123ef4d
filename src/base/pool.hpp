// A named, bounded pool of threads for work that blocks: files, SQLite, decoding.
//
// Threads  try_post from any thread.   Lifetime  the destructor runs what is queued, then joins.
// Errors   run_blocking answers unavailable when the queue is full; it never waits for a place.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/async.hpp"

namespace hoist {

class Pool {
 public:
  struct Options {
    std::string name;  // at most 15 characters: the thread name and the metric label
    std::size_t threads = 1;
    std::size_t queue_max = 1024;
  };
  explicit Pool(Options options);
  ~Pool();
  Pool(Pool const&) = delete;

  [[nodiscard]] bool try_post(std::move_only_function<void()> work);
  [[nodiscard]] std::size_t waiting() const;
  [[nodiscard]] Options const& options() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Runs `work` on the pool and resumes the caller where it was.
template <class T>
Async<T> run_blocking(Pool& pool, std::move_only_function<Result<T>()> work) {
  auto start = std::move_only_function<void(std::move_only_function<void(Result<T>)>)>{
      [&pool, work = std::move(work)](std::move_only_function<void(Result<T>)> done) mutable {
        auto shared = std::make_shared<std::move_only_function<void(Result<T>)>>(std::move(done));
        auto const posted = pool.try_post([shared, work = std::move(work)]() mutable { (*shared)(work()); });
        if (!posted)
          (*shared)(fail(Error{Code::unavailable, "The server is busy."}.with_retry_after(1).with_cause(
              "pool " + pool.options().name + " is full")));
      }};
  co_return co_await suspend<T>(std::move(start));
}

}  // namespace hoist
