// Every call to AWS, counted, and what each of them needed to be allowed.
// Threads  any.   Limits  entries_max different grants are remembered; calls are counted beyond that too.
#pragma once

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>

#include "base/metrics.hpp"
#include "base/mutex.hpp"

namespace hoist::aws {

// What a policy would have to allow.
struct Grant {
  std::string action;    // "dynamodb:PutItem"
  std::string resource;  // "table/hoist-prod-event-details"
  auto operator<=>(Grant const&) const = default;
};

// One call with all of its attempts.
struct Called {
  std::string_view service;
  std::string_view action;
  std::string_view right;  // the action that a policy names to allow it
  std::string_view resource;
  std::string_view outcome;  // "ok" or the slug of an error
  int attempts = 1;
  std::chrono::steady_clock::duration took{};
};

class CallRecord {
 public:
  static constexpr std::size_t entries_max = 1024;
  explicit CallRecord(Metrics& metrics) : metrics_{metrics} {}

  void add(Called call);
  [[nodiscard]] std::set<Grant> grants() const;

 private:
  Metrics& metrics_;
  mutable Mutex mutex_;
  std::set<Grant> grants_ HOIST_GUARDED_BY(mutex_);
};

}  // namespace hoist::aws
