// hoist worker: tasks are worked on in a process of their own.
#pragma once

namespace CLI {
class App;
}

namespace hoist::bin {

void add_worker_command(CLI::App& app, int& exit_code);

}  // namespace hoist::bin
