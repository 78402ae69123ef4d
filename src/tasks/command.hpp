// Hands tasks to a program of the operator's: an argument list, never a shell, with an empty
// environment; the task is on its standard input as one JSON object with effect_key and attempt.
//
// Exit codes  0 done; 100 dead at once; anything else, a signal or the time limit, fails this attempt.
//             The first line of what it writes to standard error is kept as the cause.
#pragma once

#include <vector>

#include "base/pool.hpp"
#include "tasks/handler.hpp"

namespace hoist::tasks {

inline constexpr auto command_exit_permanent = 100;

struct CommandOptions {
  std::vector<std::string> command;  // [0] is the path of the program
  std::chrono::milliseconds timeout = std::chrono::seconds{60};
};

// Errors: invalid for an empty command or a path that is not absolute.
[[nodiscard]] Result<void> check_command(std::vector<std::string> const& command);

// `pool` runs the waiting: a thread for each program that runs at a time. It outlives the handlers,
// and its threads the programs. Errors: as check_command.
[[nodiscard]] Result<MakeHandler> make_command(CommandOptions options, Pool& pool);

}  // namespace hoist::tasks
