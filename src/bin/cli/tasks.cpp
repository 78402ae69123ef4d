#include "bin/cli/tasks.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "bin/cli/api.hpp"
#include "bin/cli/progress.hpp"
#include "bin/cli/report.hpp"
#include "model/queue_names.hpp"
#include "model/task.hpp"
#include "tasks/chain_check.hpp"

namespace hoist::cli {
namespace {

constexpr auto page_limit = std::int64_t{200};
constexpr auto link_limit = std::int64_t{1000};
constexpr auto follow_interval = std::chrono::milliseconds{1000};  // below the limit of requests a minute

struct Options {
  ConnectionOptions connection;
  std::string id;
  std::vector<std::string> ids;
  std::string title;
  std::string description;
  std::string priority = "medium";
  std::string due_date;
  std::string group;
  std::string status;
  std::string queue = task_queue;
  std::int64_t limit = 50;
  std::int64_t after = -1;
  bool all = false;
  bool dry_run = false;
  bool until_idle = false;
  bool json = false;
};
using Shared = std::shared_ptr<Options>;

Async<> add_task(Api& api, Options const& options) {
  auto body = json::object{
      {"title", options.title}, {"description", options.description}, {"priority", options.priority}};
  if (!options.due_date.empty()) body["due_date"] = options.due_date;
  if (!options.group.empty()) body["group"] = options.group;
  CO_TRY(auto const made, co_await api.post("/tasks", std::move(body)));
  if (options.json)
    print_line(made);
  else
    fmt::print("{}  number {} of group {}\n", text_of(made, "task_id"), number_of(made, "sequence"),
               printable(text_of(made, "group")));
  co_return Result<void>{};
}

Async<> list_tasks(Api& api, Options const& options) {
  auto rows =
      std::vector<std::vector<std::string>>{{"ID", "GROUP", "NO", "STATUS", "TRIES", "CREATED", "TITLE", ""}};
  auto left = options.limit == 0 ? INT64_MAX : options.limit;
  auto cursor = std::string{};
  do {
    auto path = fmt::format("/tasks?limit={}", std::min(left, page_limit));
    if (!options.status.empty()) path += "&status=" + percent_encode(options.status);
    if (!options.group.empty()) path += "&group=" + percent_encode(options.group);
    if (!cursor.empty()) path += "&cursor=" + percent_encode(cursor);
    CO_TRY(auto const page, co_await api.get(std::move(path)));
    for (auto const& entry : array_of(page, "tasks")) {
      auto const& task = entry.as_object();
      --left;
      if (options.json)
        print_line(task);
      else
        rows.push_back({text_of(task, "task_id"), text_of(task, "group"),
                        std::to_string(number_of(task, "sequence")), text_of(task, "status"),
                        std::to_string(number_of(task, "attempts")), short_time(text_of(task, "created_at")),
                        text_of(task, "title"), text_of(task, "last_error")});
    }
    cursor = text_of(page, "next_cursor");
  } while (!cursor.empty() && left > 0);
  if (options.json) co_return Result<void>{};
  if (rows.size() == 1)
    fmt::print("No tasks.\n");
  else
    print_table(rows, {2, 4});
  if (!cursor.empty()) fmt::print("There are more; see --limit.\n");
  co_return Result<void>{};
}

void print_task(json::object const& task) {
  auto rows = std::vector<std::vector<std::string>>{};
  auto const add = [&](std::string name, std::string value) {
    if (!value.empty()) rows.push_back({std::move(name), std::move(value)});
  };
  add("title", text_of(task, "title"));
  add("status", text_of(task, "status"));
  add("group", fmt::format("{}, number {}", text_of(task, "group"), number_of(task, "sequence")));
  if (number_of(task, "position") > 0) add("position", std::to_string(number_of(task, "position")));
  auto const& waits = object_of(task, "waits_for");
  if (!waits.empty())
    add("waits for",
        fmt::format("number {} ({}): {} {}", number_of(waits, "sequence"), text_of(waits, "status"),
                    text_of(waits, "reason"), text_of(waits, "last_error")));
  add("tries", std::to_string(number_of(task, "attempts")));
  add("last error", text_of(task, "last_error"));
  add("next try", text_of(task, "next_attempt_at"));
  add("priority", text_of(task, "priority"));
  add("due", text_of(task, "due_date"));
  add("description", text_of(task, "description"));
  print_table(rows);
  for (auto const& entry : array_of(task, "timeline")) {
    auto const& line = entry.as_object();
    auto const attempt = number_of(line, "attempt");
    fmt::print("  {}  {:<10} {}  {}\n", text_of(line, "at"), text_of(line, "what"),
               attempt > 0 ? fmt::format("try {}", attempt) : std::string{},
               printable(text_of(line, "detail")));
  }
}

Async<> show_task(Api& api, Options const& options) {
  CO_TRY(auto const task, co_await api.get("/tasks/" + percent_encode(options.id)));
  if (options.json)
    print_line(task);
  else
    print_task(task);
  co_return Result<void>{};
}

Async<> cancel_task(Api& api, Options const& options) {
  auto request = net::ClientRequest{};
  request.method = "DELETE";
  request.url = api.connection().api + "/tasks/" + percent_encode(options.id);
  CO_TRY(auto const response, co_await api.send(std::move(request)));
  if (response.status != 200) co_return fail(error_of(response));
  fmt::print("Cancelled.\n");
  co_return Result<void>{};
}

Async<> redrive(Api& api, Options const& options) {
  if (options.ids.empty() && !options.all && !options.dry_run)
    co_return fail(Code::invalid,
                   "Name the dead letters, or say --all. `--dry-run` shows what would happen.");
  auto body = json::object{{"queue", options.queue}, {"dry_run", options.dry_run}};
  if (!options.ids.empty()) body["ids"] = json::array(options.ids.begin(), options.ids.end());
  CO_TRY(auto const answer, co_await api.post("/dead-letters/redrive", std::move(body)));
  auto const found = options.dry_run ? std::ssize(array_of(answer, "plan")) : number_of(answer, "redriven");
  if (found == 0 && !options.ids.empty())
    co_return fail(Code::not_found,
                   fmt::format("There is no dead letter of {} with such an id.", options.queue));
  if (options.json) {
    print_line(answer);
    co_return Result<void>{};
  }
  if (!options.dry_run) {
    fmt::print("{} will be tried again, in their original order.\n", number_of(answer, "redriven"));
    co_return Result<void>{};
  }
  auto rows = std::vector<std::vector<std::string>>{{"ID", "GROUP", "NO", "OVERTAKEN BY", "CAUSE"}};
  for (auto const& entry : array_of(answer, "plan")) {
    auto const& item = entry.as_object();
    rows.push_back({text_of(item, "id"), text_of(item, "group"), std::to_string(number_of(item, "sequence")),
                    std::to_string(number_of(item, "overtaken_by")), text_of(item, "cause")});
  }
  if (rows.size() == 1)
    fmt::print("No dead letters.\n");
  else
    print_table(rows, {2, 3});
  co_return Result<void>{};
}

Async<json::object> links_after(Api& api, std::string group, std::int64_t after, std::int64_t limit) {
  co_return co_await api.get(
      fmt::format("/groups/{}/tasks?after={}&limit={}", percent_encode(group), after, limit));
}

Async<> verify(Api& api, Options const& options) {
  auto group = options.group.empty() ? std::string{"default"} : options.group;
  if (!options.id.empty()) {
    CO_TRY(auto const task, co_await api.get("/tasks/" + percent_encode(options.id)));
    group = text_of(task, "group");
  }
  // The group first: what is accepted meanwhile only makes the chain longer.
  CO_TRY(auto const state, co_await api.get("/groups/" + percent_encode(group)));
  auto check = tasks::ChainCheck{};
  auto const newest = number_of(state, "last_sequence");
  auto const& end = state;
  auto seen = options.id.empty();
  while (check.last_sequence() < newest) {
    auto const limit = std::min(link_limit, newest - check.last_sequence());
    CO_TRY(auto const page, co_await links_after(api, group, check.last_sequence(), limit));
    auto const& links = array_of(page, "tasks");
    for (auto const& link : links) {
      if (number_of(link.as_object(), "sequence") > newest) break;
      check.take(link.as_object());
      seen = seen || text_of(link.as_object(), "task_id") == options.id;
    }
    if (links.empty()) break;
  }
  check.end(end);
  auto problems = check.problems();
  if (!seen) problems.push_back("the task is not in the chain of its group");
  if (options.json) {
    print_line({{"group", group},
                {"tasks", check.links()},
                {"last_sequence", check.last_sequence()},
                {"problems", json::array(problems.begin(), problems.end())}});
  } else {
    for (auto const& problem : problems) fmt::print("{}\n", printable(problem));
    fmt::print("{} tasks of group {}: {}\n", check.links(), printable(group),
               problems.empty() ? "every receipt is right, and processing followed arrival"
                                : fmt::format("{} problem(s)", problems.size()));
  }
  if (!problems.empty()) co_return fail(Code::corrupt, "The order cannot be proved.");
  co_return Result<void>{};
}

std::vector<std::string> task_states() {
  auto const names = task_state_names();
  return {names.begin(), names.end()};
}

bool has_ended(std::string_view status) {
  auto const state = parse_task_state(status);
  return state && is_final(*state);
}

void print_link(json::object const& link, bool as_json) {
  if (as_json) {
    print_line(link);
  } else {
    auto line = fmt::format("{:>6}  {:<9}  {}", number_of(link, "sequence"), text_of(link, "status"),
                            text_of(link, "title"));
    if (auto const error = text_of(link, "last_error"); !error.empty())
      line += fmt::format("  (try {}: {})", number_of(link, "attempts"), error);
    fmt::print("{}\n", printable(line));
  }
  std::fflush(stdout);
}

// Tasks of a group as they end, in their order, and what they stop at.
Async<> follow(Api& api, Options const& options) {
  auto const group = options.group.empty() ? std::string{"default"} : options.group;
  auto after = options.after;
  if (after < 0) {
    auto const state = co_await api.get("/groups/" + percent_encode(group));
    if (!state && state.error().code() != Code::not_found) co_return std::unexpected{state.error()};
    after = state ? number_of(*state, "last_sequence") - number_of(*state, "depth") : 0;
  }
  auto stopped_at = std::string{};
  while (true) {
    CO_TRY(auto const page, co_await links_after(api, group, after, page_limit));
    auto const& links = array_of(page, "tasks");
    auto shown = std::size_t{0};
    for (auto const& entry : links) {
      auto const& link = entry.as_object();
      if (!has_ended(text_of(link, "status"))) {
        auto const where = fmt::format("{} {} {}", number_of(link, "sequence"), text_of(link, "status"),
                                       number_of(link, "attempts"));
        if (where != stopped_at && parse_task_state(text_of(link, "status")) != TaskState::waiting)
          print_link(link, options.json);
        stopped_at = where;
        break;
      }
      print_link(link, options.json);
      after = number_of(link, "sequence");
      ++shown;
    }
    if (options.until_idle && shown == links.size() && std::ssize(links) < page_limit)
      co_return Result<void>{};
    if (shown < links.size() || links.empty()) CO_CHECK(co_await sleep_for(follow_interval));
  }
}

void connect_options(CLI::App& command, Options& options) {
  auto const group = "Which server";
  command.add_option("--server", options.connection.server, "Address of the API")
      ->envname("HOIST_SERVER")
      ->group(group);
  command.add_option("--token", options.connection.token, "Access token; better given as HOIST_TOKEN")
      ->envname("HOIST_TOKEN")
      ->group(group);
  command
      .add_option("--data", options.connection.data,
                  "Data folder of a server on this machine (default: ./hoist-data)")
      ->group(group);
  command.add_flag("--json", options.json, "JSON, one object per line");
}

using Body = Async<> (*)(Api&, Options const&);

int run(Options const& options, Body body) {
  auto connection = connect_with(options.connection);
  if (!connection) return report(connection.error());
  auto const done = run_to_end<void>([&]() -> Async<> {
    auto client = net::Client{};
    auto api = Api{client, *connection, brief};
    co_return co_await body(api, options);
  });
  return done ? 0 : report(done.error());
}

CLI::App* add(CLI::App& parent, std::string const& name, std::string const& about, Shared const& options,
              Body body, int& exit_code) {
  auto* const command = parent.add_subcommand(name, about);
  connect_options(*command, *options);
  command->callback([options, body, &exit_code] { exit_code = run(*options, body); });
  return command;
}

void add_writing(CLI::App& task, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command =
      add(task, "add", "Have something done, after what was asked before", options, add_task, exit_code);
  command->add_option("title", options->title, "1 to 200 characters")->required();
  command->add_option("--description", options->description, "Up to 10,000 characters");
  command->add_option("--priority", options->priority, "Shown and counted; never changes the order")
      ->check(CLI::IsMember({"low", "medium", "high"}))
      ->capture_default_str();
  command->add_option("--due", options->due_date,
                      "an ISO 8601 date or time, e.g. 2026-12-01 or 2026-12-01T17:00:00-05:00");
  command->add_option("--group", options->group, "Order holds inside a group (default: default)");

  options = std::make_shared<Options>();
  command = add(task, "cancel", "Take back a task that waits", options, cancel_task, exit_code);
  command->add_option("id", options->id)->required();

  options = std::make_shared<Options>();
  command = add(task, "redrive", "Let dead letters wait again, at their place", options, redrive, exit_code);
  command->add_option("id", options->ids, "Of the dead letters");
  command->add_flag("--all", options->all, "All of them");
  command->add_flag("--dry-run", options->dry_run, "Show what would come back and what overtook it");
  command->add_option("--queue", options->queue)->check(CLI::IsMember({task_queue, processing_queue}));
}

void add_reading(CLI::App& task, int& exit_code) {
  auto options = std::make_shared<Options>();
  auto* command = add(task, "ls", "List tasks, the newest first", options, list_tasks, exit_code);
  command->add_option("--status", options->status)->check(CLI::IsMember(task_states()));
  command->add_option("--group", options->group, "Only of this group");
  command->add_option("--limit", options->limit, "At most so many; 0 for all")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();

  options = std::make_shared<Options>();
  command = add(task, "show", "Where a task stands, and what it waits for", options, show_task, exit_code);
  command->add_option("id", options->id)->required();

  options = std::make_shared<Options>();
  command =
      add(task, "verify", "Prove that tasks were kept and processed in order", options, verify, exit_code);
  command->add_option("id", options->id, "A task whose receipt is to be in the chain");
  command->add_option("--group", options->group, "Group to verify (default: default)");

  options = std::make_shared<Options>();
  command =
      add(task, "follow", "Print tasks of a group as they end, in their order", options, follow, exit_code);
  command->add_option("--group", options->group, "Group to follow (default: default)");
  command->add_option("--after", options->after, "From this number on (default: what has not ended)")
      ->check(CLI::NonNegativeNumber);
  command->add_flag("--until-idle", options->until_idle, "End when everything has ended");
}

}  // namespace

void add_task_commands(CLI::App& app, int& exit_code) {
  auto* task = app.add_subcommand("task", "Ordered tasks");
  task->require_subcommand(1);
  add_writing(*task, exit_code);
  add_reading(*task, exit_code);
  task->footer(
      "Examples:\n"
      "  hoist task add 'Pour the slab' --priority high\n"
      "  hoist task follow --after 0\n"
      "  hoist task ls --status dead\n"
      "  hoist task redrive --dry-run && hoist task redrive --all\n"
      "  hoist task verify");
}

}  // namespace hoist::cli
