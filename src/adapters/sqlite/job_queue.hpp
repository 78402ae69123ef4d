// A bounded queue of database functions waiting for a thread.
// Threads  any.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "base/mutex.hpp"
#include "sql/job.hpp"

namespace hoist::sqlite {

class JobQueue {
 public:
  explicit JobQueue(std::size_t max) : max_{max} {}

  // false: full or closed; `job` is untouched then.
  [[nodiscard]] bool push(sql::Job& job) {
    auto wake = false;
    {
      auto const lock = Lock{mutex_};
      if (closed_ || jobs_.size() >= max_) return false;
      jobs_.push_back(std::move(job));
      wake = waiting_threads_ > 0;
    }
    if (wake) arrived_.notify_one();
    return true;
  }
  // Waits for at least one job and moves up to `max` of them into `out`; none when `limit` came first.
  // false: closed and empty.
  [[nodiscard]] bool take(std::vector<sql::Job>& out, std::size_t max, Deadline limit = Deadline::max()) {
    auto const lock = Lock{mutex_};
    ++waiting_threads_;
    while (!closed_ && jobs_.empty() && wait(limit)) {
    }
    --waiting_threads_;
    move_to(out, max);
    return !out.empty() || !closed_;
  }
  // The same without waiting.
  void take_waiting(std::vector<sql::Job>& out, std::size_t max) {
    auto const lock = Lock{mutex_};
    move_to(out, max);
  }
  void close() {
    {
      auto const lock = Lock{mutex_};
      closed_ = true;
    }
    arrived_.notify_all();
  }
  [[nodiscard]] std::size_t waiting() const {
    auto const lock = Lock{mutex_};
    return jobs_.size();
  }

 private:
  // Answers false when `limit` came.
  bool wait(Deadline limit) HOIST_REQUIRES(mutex_) {
    if (limit != Deadline::max()) return arrived_.wait_until(mutex_, limit);
    arrived_.wait(mutex_);
    return true;
  }
  void move_to(std::vector<sql::Job>& out, std::size_t max) HOIST_REQUIRES(mutex_) {
    while (!jobs_.empty() && out.size() < max) {
      out.push_back(std::move(jobs_.front()));
      jobs_.pop_front();
    }
  }

  std::size_t max_;
  mutable Mutex mutex_;
  Condition arrived_;
  std::deque<sql::Job> jobs_ HOIST_GUARDED_BY(mutex_);
  std::size_t waiting_threads_ HOIST_GUARDED_BY(mutex_) = 0;
  bool closed_ HOIST_GUARDED_BY(mutex_) = false;
};

}  // namespace hoist::sqlite
