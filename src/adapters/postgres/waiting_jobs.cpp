#include "adapters/postgres/waiting_jobs.hpp"

#include <algorithm>

namespace hoist::postgres {

bool WaitingJobs::push(Key key, sql::Job& job) {
  {
    auto const lock = Lock{mutex_};
    if (closed_ || entries_.size() >= max_) return false;
    entries_.push_back({key, std::move(job)});
  }
  changed_.notify_one();
  return true;
}

std::deque<WaitingJobs::Entry>::iterator WaitingJobs::find_free() {
  return std::ranges::find_if(entries_, [&](Entry const& entry) HOIST_REQUIRES(mutex_) {
    return entry.key == no_key || !held_.contains(entry.key);
  });
}

std::vector<sql::Job> WaitingJobs::take(std::size_t max) {
  auto const lock = Lock{mutex_};
  auto first = find_free();
  while (first == entries_.end() && !(closed_ && entries_.empty())) {
    changed_.wait(mutex_);
    first = find_free();
  }
  auto taken = std::vector<sql::Job>{};
  if (first == entries_.end()) return taken;
  auto const key = first->key;
  if (key == no_key) {
    taken.push_back(std::move(first->job));
    entries_.erase(first);
    return taken;
  }
  held_.insert(key);
  auto rest = std::deque<Entry>{};
  for (auto& entry : entries_)
    if (entry.key == key && taken.size() < max)
      taken.push_back(std::move(entry.job));
    else
      rest.push_back(std::move(entry));
  entries_ = std::move(rest);
  return taken;
}

void WaitingJobs::finish(Key key) {
  {
    auto const lock = Lock{mutex_};
    held_.erase(key);
  }
  changed_.notify_all();
}

void WaitingJobs::close() {
  {
    auto const lock = Lock{mutex_};
    closed_ = true;
  }
  closing_.notify_all();
  changed_.notify_all();
}

void WaitingJobs::rest(Deadline until) {
  auto const lock = Lock{mutex_};
  while (!closed_ && closing_.wait_until(mutex_, until)) {
  }
}

bool WaitingJobs::closed() const {
  auto const lock = Lock{mutex_};
  return closed_;
}

std::size_t WaitingJobs::waiting() const {
  auto const lock = Lock{mutex_};
  return entries_.size();
}

}  // namespace hoist::postgres
