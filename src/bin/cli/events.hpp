// hoist events ls, tail, export, key and verify: the event log from a terminal.
#pragma once

namespace CLI {
class App;
}

namespace hoist::cli {

// Adds the command `events`; each subcommand leaves its exit code in `exit_code`.
void add_events_commands(CLI::App& app, int& exit_code);

}  // namespace hoist::cli
