#include "bin/cli/commands.hpp"

#include <CLI/CLI.hpp>

#include <map>
#include <memory>

#include "bin/cli/bench.hpp"
#include "bin/cli/look.hpp"
#include "bin/cli/put.hpp"
#include "bin/cli/tickets.hpp"
#include "model/upload.hpp"

namespace hoist::cli {
namespace {

constexpr auto parallel_max = 64;

std::vector<std::string> upload_states() {
  auto names = std::vector<std::string>{};
  for (auto index = 0; index < static_cast<int>(UploadState::count_); ++index)
    names.emplace_back(to_string(static_cast<UploadState>(index)));
  return names;
}

void add_connection(CLI::App& command, ConnectionOptions& options) {
  auto const group = "Which server";
  command.add_option("--server", options.server, "Address of the API, e.g. http://127.0.0.1:8080")
      ->envname("HOIST_SERVER")
      ->group(group);
  command
      .add_option("--token", options.token,
                  "Access token; better given as HOIST_TOKEN, which others cannot see")
      ->envname("HOIST_TOKEN")
      ->group(group);
  command
      .add_option("--data", options.data,
                  "Data folder of a server on this machine; its address and token are read there "
                  "(default: ./hoist-data)")
      ->group(group);
}

void add_put(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<PutOptions>();
  auto* command = app.add_subcommand("put", "Upload files and folders");
  command->add_option("path", options->paths, "Files and folders; folders with everything in them")
      ->required();
  command->add_option("--project", options->project, "Project the files belong to")->capture_default_str();
  command->add_option("--parallel", options->parallel, "Connections used at once")
      ->check(CLI::Range(1, parallel_max))
      ->capture_default_str();
  auto const durations =
      std::map<std::string, std::int64_t>{{"s", 1}, {"m", 60}, {"h", 3'600}, {"d", 86'400}};
  command
      ->add_option("--give-up-after", options->give_up_after_s,
                   "Give up after this time without any progress, such as 90s, 15m or 1h (default 1h)")
      ->transform(CLI::AsNumberWithUnit(durations));
  command
      ->add_option("--stall-timeout", options->stall_timeout_s,
                   "Give up a connection on which nothing moves for this time (default 30s)")
      ->transform(CLI::AsNumberWithUnit(durations));
  command->add_flag_callback(
      "--no-wait", [options] { options->wait = false; },
      "End when the bytes are there, before they are checked");
  command->add_flag("--json", options->json, "One JSON object per file, then a summary");
  add_connection(*command, options->connection);
  command->footer(
      "Files the server has already are skipped. While the connection is gone it waits and tries again, and\n"
      "large files go in smaller parts where the link is weak. After Ctrl-C or a crash, the same command "
      "goes\n"
      "on where it stopped.\n\n"
      "Examples:\n"
      "  hoist put ~/Pictures/site-a --project site-a\n"
      "  hoist put *.jpg --parallel 4 --json | jq 'select(.outcome == \"failed\")'\n\n"
      "Exit code: 0 every file is COMPLETED or was there, 1 a file failed, 5 there were no files, 6 gave "
      "up;\n"
      "the others are in `hoist --help`.");
  command->callback([options, &exit_code] { exit_code = put_command(*options); });
}

void add_list(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ListOptions>();
  auto* command = app.add_subcommand("ls", "List uploads, the newest first");
  command->add_option("--project", options->project, "Only this project's");
  command->add_option("--status", options->status, "Only in this state; without it, all but deleted ones")
      ->transform(CLI::IsMember(upload_states(), CLI::ignore_case));
  command->add_option("--batch", options->batch, "Only of this batch");
  command->add_option("--search", options->search, "Only files whose name or folder contains this")
      ->needs("--project");
  command->add_option("--limit", options->limit, "At most so many; 0 for all")
      ->check(CLI::Range(std::int64_t{0}, list_max))
      ->capture_default_str();
  command->add_flag("--json", options->json, "One JSON object per upload");
  add_connection(*command, options->connection);
  command->footer(
      "Examples:\n"
      "  hoist ls --status failed\n"
      "  hoist ls --project site-a --limit 0 --json | jq -r .id");
  command->callback([options, &exit_code] { exit_code = list_command(*options); });
}

void add_projects(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<ProjectsOptions>();
  auto* command = app.add_subcommand("projects", "List projects, and how many files each holds");
  command->add_flag("--json", options->json, "One JSON object per project");
  add_connection(*command, options->connection);
  command->callback([options, &exit_code] { exit_code = projects_command(*options); });
}

void add_remove(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<EachOptions>();
  auto* command = app.add_subcommand("rm", "Delete uploads; what was not sent yet is cancelled");
  command->add_option("id", options->ids, "Of the uploads; see `hoist ls`")->required();
  command->add_flag("--json", options->json, "The uploads as they are now, one JSON object per line");
  add_connection(*command, options->connection);
  command->footer(
      "There is no way back. Examples:\n"
      "  hoist rm 0197a3c2-...\n"
      "  hoist ls --status failed --json | jq -r .id | xargs hoist rm");
  command->callback([options, &exit_code] { exit_code = remove_command(*options); });
}

void add_retry(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<EachOptions>();
  auto* command = app.add_subcommand("retry", "Try uploads again that the server failed");
  command->add_option("id", options->ids, "Of the uploads; see `hoist ls --status failed`")->required();
  command->add_flag("--json", options->json, "The uploads as they are now, one JSON object per line");
  add_connection(*command, options->connection);
  command->footer(
      "The server keeps a failed file for a week. What is infected stays in quarantine. Examples:\n"
      "  hoist retry 0197a3c2-...\n"
      "  hoist ls --status failed --limit 0 --json | jq -r .id | xargs hoist retry");
  command->callback([options, &exit_code] { exit_code = retry_command(*options); });
}

void add_get(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<GetOptions>();
  auto* command = app.add_subcommand("get", "Download a file, or a thumbnail of it");
  command->add_option("id", options->id, "Of the upload; see `hoist ls`")->required();
  command->add_option("-o,--output", options->output, "File or folder to write to; - for standard output");
  command->add_option("--thumbnail", options->thumbnail, "The picture at this size instead")
      ->check(CLI::IsMember({256, 1024}));
  add_connection(*command, options->connection);
  command->footer(
      "The SHA-256 of what arrives is compared with the stored one before the file appears.\n\n"
      "Examples:\n"
      "  hoist get 0197a3c2-... -o photo.jpg\n"
      "  hoist get 0197a3c2-... --thumbnail 256 -o -");
  command->callback([options, &exit_code] { exit_code = get_command(*options); });
}

void add_status(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<StatusOptions>();
  auto* command = app.add_subcommand("status", "Where uploads stand");
  command->add_option("id", options->id, "An upload or a batch; without it, everything is counted");
  command->add_flag("-f,--follow", options->follow, "Stay and print every change as it happens");
  command->add_flag("--json", options->json, "JSON, one object per line");
  add_connection(*command, options->connection);
  command->footer(
      "Examples:\n"
      "  hoist status\n"
      "  hoist status 0197a3c2-...\n"
      "  hoist status --follow --json | jq .");
  command->callback([options, &exit_code] { exit_code = status_command(*options); });
}

void add_bench(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<BenchOptions>();
  auto* command = app.add_subcommand("bench", "Measure how fast a server takes files from this machine");
  command->add_option("--files", options->files, "How many")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--kilobytes", options->kilobytes, "Size of each")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  command->add_option("--parallel", options->parallel, "Connections used at once")
      ->check(CLI::Range(1, parallel_max))
      ->capture_default_str();
  command->add_option("--project", options->project, "Project the files go to")->capture_default_str();
  add_connection(*command, options->connection);
  command->footer(
      "Sends files of random bytes and waits until all are COMPLETED, so scanning is part of it.\n"
      "The files stay in the project.");
  command->callback([options, &exit_code] { exit_code = bench_command(*options); });
}

void add_tickets(CLI::App& app, int& exit_code) {
  auto options = std::make_shared<TicketOptions>();
  auto* ticket = app.add_subcommand("ticket", "Links that let people without an account upload; for admins");
  ticket->require_subcommand(1);
  auto* add = ticket->add_subcommand("add", "Make a link; it is printed once, alone");
  add->add_option("--project", options->project, "Project the files go to")->required();
  add->add_option("--name", options->name, "Who it is for; its bearers see it")->required();
  add->add_option("--files", options->files, "How many files")->capture_default_str();
  add->add_option("--bytes", options->bytes, "How much together, such as 500MB or 5GB (default 5GB)")
      ->transform(CLI::AsSizeValue(true));
  add->add_option("--types", options->types,
                  "Only these, such as image/*,.dwg (default: what the tenant takes)")
      ->delimiter(',');
  auto const durations = std::map<std::string, std::int64_t>{{"m", 60}, {"h", 3'600}, {"d", 86'400}};
  add->add_option("--life", options->life_s, "How long it lives, such as 12h or 30d (default 7d)")
      ->transform(CLI::AsNumberWithUnit(durations));
  add->footer(
      "Example, with a QR code for the wall (package qrencode):\n"
      "  hoist ticket add --project site-a --name 'Crew 7' | qrencode -t UTF8");
  auto* list = ticket->add_subcommand("ls", "List links and what was sent by them");
  auto* revoke = ticket->add_subcommand("revoke", "End a link; it is dead at once");
  revoke->add_option("id", options->id, "Of the link; see `hoist ticket ls`")->required();
  for (auto* each : {add, list}) each->add_flag("--json", options->json, "JSON, one object per line");
  for (auto* each : {add, list, revoke}) add_connection(*each, options->connection);
  add->callback([options, &exit_code] { exit_code = add_ticket_command(*options); });
  list->callback([options, &exit_code] { exit_code = list_tickets_command(*options); });
  revoke->callback([options, &exit_code] { exit_code = revoke_ticket_command(*options); });
}

}  // namespace

void add_client_commands(CLI::App& app, int& exit_code) {
  add_put(app, exit_code);
  add_bench(app, exit_code);
  add_list(app, exit_code);
  add_get(app, exit_code);
  add_remove(app, exit_code);
  add_retry(app, exit_code);
  add_projects(app, exit_code);
  add_status(app, exit_code);
  add_tickets(app, exit_code);
}

}  // namespace hoist::cli
