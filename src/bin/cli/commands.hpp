// Registers put, ls, get and status with the program's command line.
#pragma once

namespace CLI {
class App;
}

namespace hoist::cli {

// The chosen command runs while `app` parses and leaves its exit code in `exit_code`, which must
// outlive the parsing.
void add_client_commands(CLI::App& app, int& exit_code);

}  // namespace hoist::cli
