// A mutex that the compiler follows: every member that it guards says so, and clang (-Wthread-safety, an
// error in every build) refuses code that touches the member without the lock.
//
//   class Counter {
//    public:
//     void add() {
//       auto const lock = Lock{mutex_};
//       ++count_;
//     }
//    private:
//     Mutex mutex_;
//     int count_ HOIST_GUARDED_BY(mutex_) = 0;
//   };
//
// Threads  any. A lock is never held across co_await: the coroutine may go on elsewhere.
// Limits   the analysis does not see into lambdas, so conditions are waited for in a loop:
//          while (!ready_) condition.wait(mutex_);
// Source   https://clang.llvm.org/docs/ThreadSafetyAnalysis.html
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#define HOIST_CAPABILITY(name) __attribute__((capability(name)))
#define HOIST_SCOPED_CAPABILITY __attribute__((scoped_lockable))
#define HOIST_GUARDED_BY(mutex) __attribute__((guarded_by(mutex)))
#define HOIST_REQUIRES(...) __attribute__((requires_capability(__VA_ARGS__)))
#define HOIST_ACQUIRE(...) __attribute__((acquire_capability(__VA_ARGS__)))
#define HOIST_RELEASE(...) __attribute__((release_capability(__VA_ARGS__)))

namespace hoist {

class HOIST_CAPABILITY("mutex") Mutex {
 public:
  void lock() HOIST_ACQUIRE() { mutex_.lock(); }
  void unlock() HOIST_RELEASE() { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

// Holds a mutex until the end of its block. Who has to let go earlier calls unlock(), and lock() again.
class HOIST_SCOPED_CAPABILITY Lock {
 public:
  explicit Lock(Mutex& mutex) HOIST_ACQUIRE(mutex) : mutex_{mutex} { mutex_.lock(); }
  ~Lock() HOIST_RELEASE() {
    if (held_) mutex_.unlock();
  }
  Lock(Lock const&) = delete;
  Lock& operator=(Lock const&) = delete;
  void unlock() HOIST_RELEASE() {
    held_ = false;
    mutex_.unlock();
  }
  void lock() HOIST_ACQUIRE() {
    mutex_.lock();
    held_ = true;
  }

 private:
  Mutex& mutex_;
  bool held_ = true;
};

// Wakes may be spurious: look at what is waited for in a loop.
class Condition {
 public:
  void wait(Mutex& mutex) HOIST_REQUIRES(mutex) {
    auto held = std::unique_lock{mutex.mutex_, std::adopt_lock};
    condition_.wait(held);
    held.release();
  }
  // Answers false when the time is over.
  bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point end) HOIST_REQUIRES(mutex) {
    auto held = std::unique_lock{mutex.mutex_, std::adopt_lock};
    auto const status = condition_.wait_until(held, end);
    held.release();
    return status == std::cv_status::no_timeout;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace hoist
