// `hoist doctor`: is everything in the data folder as it must be?
#pragma once

namespace CLI {
class App;
}

namespace hoist::bin {

void add_doctor_command(CLI::App& app, int& exit_code);

}  // namespace hoist::bin
