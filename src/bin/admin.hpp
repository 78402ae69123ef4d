// Commands for the operator of this machine: token, tenant, doctor, keys.
#pragma once

namespace CLI {
class App;
}

namespace hoist::bin {

void add_admin_commands(CLI::App& app, int& exit_code);

}  // namespace hoist::bin
