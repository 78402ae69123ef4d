// Has to be refused by the compiler: see tests/CMakeLists.txt.
#include "base/mutex.hpp"

class Counter {
 public:
  int read_without_lock() { return count_; }

 private:
  hoist::Mutex mutex_;
  int count_ HOIST_GUARDED_BY(mutex_) = 0;
};

int main() {
  return Counter{}.read_without_lock();
}
