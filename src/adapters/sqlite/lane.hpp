// A bounded queue of database functions waiting for a thread.
// Threads  any.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <vector>

#include "sql/database.hpp"

namespace hoist::sqlite {

struct Job {
  sql::Database::Work work;
  Deadline deadline;
  sql::Database::Done done;
};

class Lane {
 public:
  explicit Lane(std::size_t max) : max_{max} {}

  // false: full or closed; `job` is untouched then.
  [[nodiscard]] bool push(Job& job) {
    auto wake = false;
    {
      auto const lock = std::lock_guard{mutex_};
      if (closed_ || jobs_.size() >= max_) return false;
      jobs_.push_back(std::move(job));
      wake = waiting_threads_ > 0;
    }
    if (wake) arrived_.notify_one();
    return true;
  }
  // Waits for at least one job and moves up to `max` of them into `out`; none when `limit` came first.
  // false: closed and empty.
  [[nodiscard]] bool take(std::vector<Job>& out, std::size_t max, Deadline limit = Deadline::max()) {
    auto const ready = [&] { return closed_ || !jobs_.empty(); };
    auto lock = std::unique_lock{mutex_};
    ++waiting_threads_;
    if (limit == Deadline::max())
      arrived_.wait(lock, ready);
    else
      arrived_.wait_until(lock, limit, ready);
    --waiting_threads_;
    move_to(out, max);
    return !out.empty() || !closed_;
  }
  // The same without waiting.
  void take_waiting(std::vector<Job>& out, std::size_t max) {
    auto const lock = std::lock_guard{mutex_};
    move_to(out, max);
  }
  void close() {
    {
      auto const lock = std::lock_guard{mutex_};
      closed_ = true;
    }
    arrived_.notify_all();
  }
  [[nodiscard]] std::size_t waiting() const {
    auto const lock = std::lock_guard{mutex_};
    return jobs_.size();
  }

 private:
  void move_to(std::vector<Job>& out, std::size_t max) {
    while (!jobs_.empty() && out.size() < max) {
      out.push_back(std::move(jobs_.front()));
      jobs_.pop_front();
    }
  }

  std::size_t max_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<Job> jobs_;
  std::size_t waiting_threads_ = 0;
  bool closed_ = false;
};

}  // namespace hoist::sqlite
