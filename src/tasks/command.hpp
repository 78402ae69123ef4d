// Hands tasks to a program of the operator's: an argument list, never a shell, with an empty
// environment; the task is on its standard input as one JSON object with effect_key and attempt.
//
// Trees       whatever the program started, detached or not, is killed when it has ended, at its time
//             limit and when the server ends, so that the next task of its group is alone.
//
// Exit codes  0 done; 100 dead at once; anything else, a signal or the time limit, fails this attempt.
//             The first line of what it writes to standard error is kept as the cause.
#pragma once

#include <atomic>
#include <vector>

#include "base/pool.hpp"
#include "tasks/handler.hpp"

namespace hoist::tasks {

inline constexpr auto command_exit_permanent = 100;

struct CommandOptions {
  std::vector<std::string> command;  // [0] is the path of the program
  std::chrono::milliseconds timeout = std::chrono::seconds{60};
};

// The threads that wait for programs: one for each that runs at a time. They outlive the programs.
class CommandThreads {
 public:
  explicit CommandThreads(std::size_t count);
  ~CommandThreads();  // ends the programs that run

  [[nodiscard]] Pool& pool() { return pool_; }
  [[nodiscard]] std::atomic<bool> const& ending() const { return ending_; }

 private:
  std::atomic<bool> ending_{false};
  Pool pool_;
};

// Errors: invalid for an empty command or a path that is not absolute.
[[nodiscard]] Result<void> check_command(std::vector<std::string> const& command);

// `threads` outlives the handlers. Errors: as check_command.
[[nodiscard]] Result<MakeHandler> make_command(CommandOptions options, CommandThreads& threads);

}  // namespace hoist::tasks
