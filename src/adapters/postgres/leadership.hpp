// Which of several processes does what is done once an installation: the one whose session holds a lock in
// the database. When it ends, however it does, another takes over within look_interval.
//
// Threads   leads() from any; its own thread holds the connection.
// Danger    who lost the connection and has not noticed yet goes on for a moment beside its successor. So
// what
//           a leader does is allowed to happen twice.
#pragma once

#include <atomic>
#include <string>
#include <thread>

#include "adapters/postgres/connection.hpp"
#include "base/mutex.hpp"

namespace hoist::postgres {

inline constexpr auto look_interval = std::chrono::seconds{2};

class Leadership {
 public:
  explicit Leadership(std::string url);
  ~Leadership();
  Leadership(Leadership const&) = delete;
  [[nodiscard]] bool leads() const { return leads_; }

 private:
  void run();
  [[nodiscard]] bool look();
  [[nodiscard]] bool rest();

  std::string url_;
  std::unique_ptr<Connection> connection_;
  std::atomic<bool> leads_ = false;
  Mutex mutex_;
  Condition stopping_;
  bool stopped_ HOIST_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace hoist::postgres
