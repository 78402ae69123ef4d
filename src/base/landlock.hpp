// What a process may do with files from some point on, itself and everything it starts, by Landlock of
// the kernel (Linux 5.13). The way in is one way.
//
// Rights   a path is a folder with all that is in it, or a file; what is not there needs no right. TCP
//          (Linux 6.7), and signals and abstract sockets to the outside (6.12), are denied as well.
// Gaps     the kernel has no rule for chmod, chown, times and stat.
// Threads  enter() binds the calling thread and what it starts afterwards.
#pragma once

#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/fd.hpp"

namespace hoist {

struct FileRights {
  std::vector<std::string> read;
  std::vector<std::string> write;  // and read, make and remove
  std::vector<std::string> run;    // and read
};

class Landlock {
 public:
  // Errors: internal, when the kernel has Landlock and does not take these rights.
  [[nodiscard]] static Result<Landlock> make(FileRights const& rights);

  // False: this kernel has none, and enter() does nothing.
  [[nodiscard]] bool available() const { return ruleset_.open(); }
  // Takes new privileges away too, as it must. Safe between fork and exec. False: not in force.
  [[nodiscard]] bool enter() const;

 private:
  explicit Landlock(Fd ruleset) : ruleset_{std::move(ruleset)} {}
  Fd ruleset_;
};

}  // namespace hoist
