// Functions that wait for a connection. Those of one key run one after another, so they are taken together:
// one commit serves them all. Different keys run beside each other.
//
// Threads  any.
// Limits   `max` functions wait; more are not taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include "base/mutex.hpp"
#include "sql/job.hpp"

namespace hoist::postgres {

class WaitingJobs {
 public:
  using Key = std::int32_t;
  // Of functions that need not wait for each other.
  static constexpr Key no_key = -1;

  explicit WaitingJobs(std::size_t max) : max_{max} {}

  // false: full or closed; `job` is untouched then.
  [[nodiscard]] bool push(Key key, sql::Job& job);
  // Waits for a function whose key no thread holds, and takes it with those of the same key that wait, `max`
  // of them at most; the key is held until finish(). Of no_key it takes one. Empty: closed, and nothing is
  // left.
  [[nodiscard]] std::vector<sql::Job> take(std::size_t max);
  void finish(Key key);
  void close();
  // Waits so long, or until it is closed.
  void rest(Deadline until);
  [[nodiscard]] bool closed() const;
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Entry {
    Key key;
    sql::Job job;
  };
  [[nodiscard]] std::deque<Entry>::iterator find_free() HOIST_REQUIRES(mutex_);

  std::size_t max_;
  mutable Mutex mutex_;
  Condition changed_;
  Condition closing_;
  std::deque<Entry> entries_ HOIST_GUARDED_BY(mutex_);
  std::set<Key> held_ HOIST_GUARDED_BY(mutex_);
  bool closed_ HOIST_GUARDED_BY(mutex_) = false;
};

}  // namespace hoist::postgres
