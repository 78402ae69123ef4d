// `hoist lambda`: what the binary does where Lambda starts it as `bootstrap`.
#pragma once

namespace CLI {
class App;
}

namespace hoist::bin {

// Whether Lambda started this process.
[[nodiscard]] bool is_in_lambda();
// Answers the exit code.
int run_lambda();
void add_lambda_command(CLI::App& app, int& exit_code);

}  // namespace hoist::bin
