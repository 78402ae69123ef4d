// hoist events reconcile: are the two stores of the event log equal?
#pragma once

namespace CLI {
class App;
}

namespace hoist::bin {

// Adds to the command `events`, which must exist.
void add_reconcile_command(CLI::App& app, int& exit_code);

}  // namespace hoist::bin
