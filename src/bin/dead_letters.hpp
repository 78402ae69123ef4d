// `hoist dead-letters`: what a queue gave up on, and trying it again.
#pragma once

namespace CLI {
class App;
}

namespace hoist::bin {

void add_dead_letters_command(CLI::App& app, int& exit_code);

}  // namespace hoist::bin
