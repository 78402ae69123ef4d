// Starts other programs: without a shell, with an empty environment, and never outliving us.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/error.hpp"

namespace hoist {

struct ProcessOptions {
  std::vector<std::string> command;  // [0] is the path of the program
  // Descriptors that become 0, 1 and 2 there; -1 is /dev/null. Nothing else is inherited.
  int in = -1;
  int out = -1;
  int err = -1;
  // Without a network and without privileges, where the kernel lets us.
  bool isolated = false;
};

// One running program, killed and reaped when this goes.
// Threads  one. The program also gets SIGKILL when the thread that started it ends.
class Process {
 public:
  // Errors: unavailable when it cannot be started (a program that is missing exits with 127).
  [[nodiscard]] static Result<Process> start(ProcessOptions options);
  Process(Process&& other) noexcept;
  Process& operator=(Process&& other) noexcept;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  // The status of waitpid(2), or nothing when it still runs after `patience`.
  std::optional<int> wait(std::chrono::milliseconds patience);

 private:
  explicit Process(pid_t pid) : pid_{pid} {}
  pid_t pid_ = -1;
  std::optional<int> status_;
};

}  // namespace hoist
