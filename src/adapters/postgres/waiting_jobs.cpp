#include "adapters/postgres/waiting_jobs.hpp"

#include <algorithm>
#include <chrono>

namespace hoist::postgres {

bool WaitingJobs::push(Key key, sql::Job& job) {
  {
    auto const lock = Lock{mutex_};
    if (closed_ || entries_.size() >= max_) return false;
    entries_.push_back({std::move(key), std::move(job)});
  }
  changed_.notify_one();
  return true;
}

// Who is too late need not wait any longer for whoever holds its key.
WaitingJobs::Entries::iterator WaitingJobs::find_free(Deadline now) {
  return std::ranges::find_if(entries_, [&](Entry const& entry) HOIST_REQUIRES(mutex_) {
    return entry.key.empty() || !held_.contains(entry.key) || entry.job.deadline < now;
  });
}

void WaitingJobs::wait() {
  auto until = Deadline::max();
  for (auto const& entry : entries_) until = std::min(until, entry.job.deadline);
  if (until == Deadline::max())
    changed_.wait(mutex_);
  else
    changed_.wait_until(mutex_, until);
}

WaitingJobs::Taken WaitingJobs::take(std::size_t max) {
  auto const lock = Lock{mutex_};
  auto first = find_free(std::chrono::steady_clock::now());
  while (first == entries_.end() && !(closed_ && entries_.empty())) {
    wait();
    first = find_free(std::chrono::steady_clock::now());
  }
  auto taken = Taken{};
  if (first == entries_.end()) return taken;
  if (first->key.empty() || held_.contains(first->key)) {
    taken.jobs.push_back(std::move(first->job));
    entries_.erase(first);
    return taken;
  }
  taken.key = first->key;
  held_.insert(taken.key);
  auto rest = Entries{};
  for (auto& entry : entries_)
    if (entry.key == taken.key && taken.jobs.size() < max)
      taken.jobs.push_back(std::move(entry.job));
    else
      rest.push_back(std::move(entry));
  entries_ = std::move(rest);
  return taken;
}

void WaitingJobs::finish(Key const& key) {
  if (key.empty()) return;
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
