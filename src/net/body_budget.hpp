// The memory that the bodies of all requests of a process may hold together, and a share of it.
//
// Bounds   bytes_max for all, half of it for one owner (a tenant, an access key), so that no owner
//          keeps everybody else out. The first `free_bytes` of a body are not counted: connections
//          are limited, and small requests go on while large ones wait.
// Threads  any.   Lifetime  a share keeps its budget.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "base/error.hpp"
#include "base/mutex.hpp"

namespace hoist::net {

class BodyBudget {
 public:
  static constexpr std::size_t bytes_max_default = 64 * 1024 * 1024;
  static constexpr std::size_t free_bytes = 16 * 1024;

  // What one body holds; given back when it ends.
  class Share {
   public:
    Share(std::shared_ptr<BodyBudget> budget, std::string owner)
        : budget_{std::move(budget)}, owner_{std::move(owner)} {}
    Share(Share const&) = delete;
    ~Share();
    // Makes it hold `bytes` in all. Errors: unavailable with Retry-After; it holds what it held then.
    Result<void> grow(std::size_t bytes);

   private:
    std::shared_ptr<BodyBudget> budget_;
    std::string owner_;
    std::size_t held_ = 0;
  };

  explicit BodyBudget(std::size_t bytes_max = bytes_max_default) : bytes_max_{bytes_max} {}
  [[nodiscard]] std::size_t held() const;

 private:
  bool take(std::string const& owner, std::size_t bytes);
  void give_back(std::string const& owner, std::size_t bytes);

  std::size_t const bytes_max_;
  mutable Mutex mutex_;
  std::size_t held_ HOIST_GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::size_t, std::less<>> by_owner_ HOIST_GUARDED_BY(mutex_);
};

// The next size of a buffer that is full at `bytes`: it doubles, so that what is kept follows what
// has arrived and not what was announced.
[[nodiscard]] std::size_t grown(std::size_t bytes, std::size_t bytes_max);

}  // namespace hoist::net
