// `hoist serve`: runs everything until SIGINT or SIGTERM.
#pragma once

namespace CLI {
class App;
}

namespace hoist::bin {

// The command runs while `app` parses and leaves its exit code in `exit_code`.
void add_serve_command(CLI::App& app, int& exit_code);

}  // namespace hoist::bin
