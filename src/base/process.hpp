// Starts other programs: without a shell, with an empty environment, and never outliving us.
//
// Trees    what a program started may outlive it, detached by setsid or a double fork. With
//          `whole_tree` a keeper process stands between us and it, adopts what is orphaned below it
//          (PR_SET_CHILD_SUBREAPER) and kills all of that when the program has ended, when this object
//          goes, and when our process dies by whatever. Only who kills the keeper itself frees them.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "base/error.hpp"
#include "base/landlock.hpp"

namespace hoist {

struct ProcessOptions {
  std::vector<std::string> command;  // [0] is the path of the program
  // Descriptors that become 0, 1 and 2 there; -1 is /dev/null. Nothing else is inherited.
  int in = -1;
  int out = -1;
  int err = -1;
  // Without a network and without privileges, where the kernel lets us.
  bool isolated = false;
  // What it may do with files, itself and all it starts; absent: what we may.
  std::optional<FileRights> files;
  bool whole_tree = false;
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
  Process(pid_t pid, bool whole_tree) : pid_{pid}, whole_tree_{whole_tree} {}
  pid_t pid_ = -1;
  bool whole_tree_ = false;  // then `pid_` is the keeper, which ends as the program did
  std::optional<int> status_;
};

}  // namespace hoist
