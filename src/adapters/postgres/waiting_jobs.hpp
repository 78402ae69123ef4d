// Functions that wait for a connection. Those of one key run one after another, so they are taken together:
// one commit serves them all. Different keys run beside each other, and so do those without one.
//
// Threads  any.
// Limits   `max` functions wait; more are not taken.
#pragma once

#include <cstddef>
#include <deque>
#include <set>
#include <string>
#include <vector>

#include "base/mutex.hpp"
#include "sql/job.hpp"

namespace hoist::postgres {

class WaitingJobs {
 public:
  using Key = std::string;

  explicit WaitingJobs(std::size_t max) : max_{max} {}

  // false: full or closed; `job` is untouched then.
  [[nodiscard]] bool push(Key key, sql::Job& job);
  struct Taken {
    Key key;  // held until finish()
    std::vector<sql::Job> jobs;
  };
  // Waits for a function whose key no thread holds, or whose deadline has passed, and takes it with those of
  // the same key that wait, `max` of them at most. Without a key it is taken alone, and so is one that is too
  // late. No jobs: closed, and nothing is left.
  [[nodiscard]] Taken take(std::size_t max);
  void finish(Key const& key);
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
  using Entries = std::deque<Entry>;
  [[nodiscard]] Entries::iterator find_free(Deadline now) HOIST_REQUIRES(mutex_);
  void wait() HOIST_REQUIRES(mutex_);

  std::size_t max_;
  mutable Mutex mutex_;
  Condition changed_;
  Condition closing_;
  Entries entries_ HOIST_GUARDED_BY(mutex_);
  std::set<Key> held_ HOIST_GUARDED_BY(mutex_);
  bool closed_ HOIST_GUARDED_BY(mutex_) = false;
};

}  // namespace hoist::postgres
