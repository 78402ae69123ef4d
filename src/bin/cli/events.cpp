#include "bin/cli/events.hpp"

#include <CLI/CLI.hpp>

#include <memory>

#include "bin/cli/events_log.hpp"

namespace hoist::cli {
namespace {

void add_connection(CLI::App& command, ConnectionOptions& options) {
  auto const group = "Which server";
  command.add_option("--server", options.server, "Address of the API")->envname("HOIST_SERVER")->group(group);
  command.add_option("--token", options.token, "Access token; better given as HOIST_TOKEN")
      ->envname("HOIST_TOKEN")
      ->group(group);
  command
      .add_option("--data", options.data, "Data folder of a server on this machine (default: ./hoist-data)")
      ->group(group);
}

void add_filters(CLI::App& command, EventsOptions& options) {
  command.add_option("user", options.user, "Only this user's; without it everybody's, for admins");
  command.add_option("--type", options.type, "Only of this type");
  command.add_option("--from", options.from, "Only from this time on, e.g. 2026-11-20T00:00:00Z");
  command.add_option("--to", options.to, "Only before this time");
  command.add_flag("--audit", options.audit, "The audit trail instead (admins)");
  command.add_flag("--json", options.json, "One JSON object a line");
  add_connection(command, options.connection);
}

void add_reading(CLI::App& events, int& exit_code) {
  auto listing = std::make_shared<EventsOptions>();
  auto* ls = events.add_subcommand("ls", "List events, the newest first");
  ls->add_option("--limit", listing->limit, "At most so many; 0 for all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  add_filters(*ls, *listing);
  ls->callback([listing, &exit_code] { exit_code = events_list_command(*listing); });

  auto tailing = std::make_shared<EventsOptions>();
  tailing->limit = 10;
  auto* tail = events.add_subcommand("tail", "Print the last events, then each new one");
  tail->add_option("--limit", tailing->limit, "How many of those before now")->check(CLI::Range(1, 1000));
  add_filters(*tail, *tailing);
  tail->callback([tailing, &exit_code] { exit_code = events_tail_command(*tailing); });

  auto asking = std::make_shared<EventsOptions>();
  auto* key = events.add_subcommand("key", "Print the public key that checks exports and checkpoints");
  add_connection(*key, asking->connection);
  key->callback([asking, &exit_code] { exit_code = events_key_command(*asking); });
}

void add_proving(CLI::App& events, int& exit_code) {
  auto exporting = std::make_shared<EventsExportOptions>();
  auto* command = events.add_subcommand("export", "Write the whole log to a file");
  command->add_option("-o,--output", exporting->output, "File to write; - for standard output");
  command->add_option("--format", exporting->format, "ndjson can be verified, csv opens in a spreadsheet")
      ->check(CLI::IsMember({"ndjson", "csv"}))
      ->capture_default_str();
  command->add_flag("--audit", exporting->audit, "The audit trail instead");
  add_connection(*command, exporting->connection);
  command->callback([exporting, &exit_code] { exit_code = events_export_command(*exporting); });

  auto verifying = std::make_shared<EventsVerifyOptions>();
  auto* verify = events.add_subcommand("verify", "Check an export, offline");
  verify->add_option("file", verifying->file, "The export; - for standard input")->required();
  verify->add_option("--key", verifying->key, "Public key as `hoist events key` prints it, or a file of it")
      ->required();
  verify->add_option(
      "--since", verifying->since,
      "A checkpoint kept from earlier (as `GET /event-checkpoints` or an export shows it): the "
      "export must still contain what it signed");
  verify->add_flag("--json", verifying->json, "The verdict as JSON");
  verify->footer(
      "Take the key when you begin to trust the server, and keep it elsewhere: a key that comes with the\n"
      "file proves nothing.\n\n"
      "Example:\n"
      "  hoist events key > event-key.txt\n"
      "  hoist events export -o log.ndjson\n"
      "  hoist events verify log.ndjson --key event-key.txt\n\n"
      "Exit code: 0 nothing was altered, 1 something was; 2 usage.");
  verify->callback([verifying, &exit_code] { exit_code = events_verify_command(*verifying); });
}

}  // namespace

void add_events_commands(CLI::App& app, int& exit_code) {
  auto* events = app.add_subcommand("events", "The event log: list, follow, export, verify");
  events->require_subcommand(1);
  add_reading(*events, exit_code);
  add_proving(*events, exit_code);
}

}  // namespace hoist::cli
