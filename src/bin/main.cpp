// hoist: one binary, one subcommand a purpose.
#include <CLI/CLI.hpp>

#include "adapters/vips/child.hpp"
#include "bin/admin.hpp"
#include "bin/cli/commands.hpp"
#include "bin/cli/events.hpp"
#include "bin/cli/tasks.hpp"
#include "bin/events_reconcile.hpp"
#include "bin/serve.hpp"
#include "bin/worker.hpp"

namespace {

constexpr auto usage_exit = 2;  // as info(Code::invalid).cli_exit

}  // namespace

int main(int argc, char** argv) {
  // Started by the server itself, inside a sandbox: nothing else of this program may run first.
  if (argc >= 2 && std::string_view{argv[1]} == "media-child")
    return hoist::vips::media_child_main(argc, argv);

  auto app = CLI::App{
      "Hoist: uploads, ordered tasks and events, from one binary.\n"
      "Start a server with `hoist serve`, then send files with `hoist put`."};
  app.require_subcommand(1);
  app.set_version_flag("--version", HOIST_VERSION);
  auto exit_code = 0;
  hoist::bin::add_serve_command(app, exit_code);
  hoist::bin::add_worker_command(app, exit_code);
  hoist::cli::add_client_commands(app, exit_code);
  hoist::cli::add_task_commands(app, exit_code);
  hoist::cli::add_events_commands(app, exit_code);
  hoist::bin::add_reconcile_command(app, exit_code);
  hoist::bin::add_admin_commands(app, exit_code);
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app.exit(error) == 0 ? 0 : usage_exit;
  }
  return exit_code;
}
