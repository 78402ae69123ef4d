// hoist task add, ls, show, cancel, redrive, verify and follow: ordered tasks from a terminal.
#pragma once

namespace CLI {
class App;
}

namespace hoist::cli {

// Adds the command `task`; each subcommand leaves its exit code in `exit_code`.
void add_task_commands(CLI::App& app, int& exit_code);

}  // namespace hoist::cli
