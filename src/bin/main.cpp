// hoist: one binary, one subcommand a purpose.
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

#include "adapters/vips/child.hpp"
#include "bin/admin.hpp"
#include "bin/cli/commands.hpp"
#include "bin/cli/events.hpp"
#include "bin/cli/tasks.hpp"
#include "bin/describe.hpp"
#include "bin/events_reconcile.hpp"
#include "bin/lambda.hpp"
#include "bin/serve.hpp"
#include "bin/worker.hpp"

namespace {

constexpr auto usage_exit = 2;  // as info(Code::invalid).cli_exit

constexpr auto exit_codes =
    "Exit codes:\n"
    "  0  done            1  a file or task failed, or a check found something\n"
    "  2  usage           3  not allowed: no token, a wrong one, or a role that may not\n"
    "  4  no quota left   5  no such thing\n"
    "  6  the server is away or its storage is full; the same command may work later\n"
    "  7  it is in a state that does not allow this\n";

}  // namespace

int main(int argc, char** argv) {
  // Started by the server itself, inside a sandbox: nothing else of this program may run first.
  if (argc >= 2 && std::string_view{argv[1]} == "media-child")
    return hoist::vips::media_child_main(argc, argv);

  if (argc == 1 && hoist::bin::is_in_lambda()) return hoist::bin::run_lambda();

  auto app = CLI::App{
      "Hoist: uploads, ordered tasks and events, from one binary.\n"
      "Start a server with `hoist serve`, then send files with `hoist put`."};
  app.require_subcommand(1);
  app.set_version_flag("--version", HOIST_VERSION);
  app.footer(exit_codes);
  auto exit_code = 0;
  hoist::bin::add_serve_command(app, exit_code);
  hoist::bin::add_worker_command(app, exit_code);
  hoist::bin::add_lambda_command(app, exit_code);
  hoist::cli::add_client_commands(app, exit_code);
  hoist::cli::add_task_commands(app, exit_code);
  hoist::cli::add_events_commands(app, exit_code);
  hoist::bin::add_reconcile_command(app, exit_code);
  hoist::bin::add_admin_commands(app, exit_code);
  hoist::bin::add_describe_commands(app);
  if (argc == 1) {
    fmt::print("{}", app.help());
    return usage_exit;
  }
  if (auto const hint = hoist::bin::unknown_command(app, {argv + 1, argv + argc})) {
    fmt::print(stderr, "hoist: {} `hoist --help` lists all.\n", *hint);
    return usage_exit;
  }
  try {
    app.parse(argc, argv);
  } catch (CLI::ParseError const& error) {
    return app.exit(error) == 0 ? 0 : usage_exit;
  }
  return exit_code;
}
