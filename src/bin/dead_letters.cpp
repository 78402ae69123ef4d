#include "bin/dead_letters.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

#include "adapters/memory/broadcast.hpp"
#include "app/open_data.hpp"
#include "base/json.hpp"
#include "base/try.hpp"
#include "tasks/service.hpp"
#include "uploads/listener.hpp"

namespace hoist::bin {
namespace {

constexpr int page = 500;

struct Flags {
  std::string data = "hoist-data";
  std::string queue = "processing";
  std::string tenant;
  std::vector<std::string> ids;
  bool redrive = false;
  bool dry_run = false;
  bool json = false;
};

Deadline soon() {
  return deadline_in(std::chrono::seconds{30});
}

void show(DeadLetter const& letter, Flags const& flags) {
  if (flags.json) {
    auto const line = json::object{{"id", letter.id.str()},
                                   {"queue", letter.queue},
                                   {"tenant", letter.tenant.str()},
                                   {"group", letter.group},
                                   {"attempts", letter.attempts},
                                   {"cause", letter.cause},
                                   {"died_at", to_rfc3339(letter.died_at)},
                                   {"body", letter.body}};
    fmt::print("{}\n", json::serialize(line));
  } else {
    fmt::print("{}  {}  {}  {} attempts  {}\n", letter.id.str(), to_rfc3339(letter.died_at).substr(0, 19),
               letter.tenant.str(), letter.attempts, letter.cause);
  }
}

Async<> list(Queue& queue, Flags const& flags) {
  auto shown = 0;
  for (auto after = MessageId{};;) {
    CO_TRY(auto const letters,
           co_await queue.dead_letters(flags.queue, TenantId{flags.tenant}, after, page, soon()));
    for (auto const& letter : letters) show(letter, flags);
    shown += static_cast<int>(letters.size());
    if (letters.size() < page) break;
    after = letters.back().id;
  }
  if (shown == 0 && !flags.json) fmt::print("No dead letters in {}.\n", flags.queue);
  co_return Result<void>{};
}

Async<> redrive(Queue& queue, Flags const& flags) {
  auto ids = std::vector<MessageId>{};
  for (auto const& id : flags.ids) ids.emplace_back(id);
  auto const tenant = TenantId{flags.tenant};
  if (flags.dry_run) {
    CO_TRY(auto const plan, co_await queue.plan_redrive(flags.queue, tenant, std::move(ids), soon()));
    for (auto const& item : plan)
      fmt::print("{}  would run again, {} later ones overtook it\n", item.letter.id.str(), item.overtaken_by);
    co_return Result<void>{};
  }
  CO_TRY(auto const count, co_await queue.redrive(flags.queue, tenant, std::move(ids), soon()));
  fmt::print("{} will be tried again, in their original order.\n", count);
  co_return Result<void>{};
}

Result<void> run(Flags const& flags) {
  TRY(auto const data, app::open_data(flags.data));
  // An upload follows its message: the policy's observer moves it in the same transaction.
  auto broadcast = memory::Broadcast{};
  CHECK(data->queue->declare("processing", uploads::processing_policy({}, broadcast, data->clock)));
  CHECK(data->queue->declare(tasks::queue_name, tasks::task_policy({}, data->clock)));
  auto body = std::function<Async<>()>{
      [&] { return flags.redrive ? redrive(*data->queue, flags) : list(*data->queue, flags); }};
  return run_to_end<void>(body);
}

}  // namespace

void add_dead_letters_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("dead-letters", "Show what a queue gave up on, or try it again with --redrive");
  auto flags = std::make_shared<Flags>();
  command->add_option("id", flags->ids, "Only these messages (with --redrive)");
  command->add_option("--data", flags->data, "The server's data folder (default hoist-data)");
  command->add_option("--queue", flags->queue, "Queue (default processing)");
  command->add_option("--tenant", flags->tenant, "Only this tenant's");
  command->add_flag("--redrive", flags->redrive, "Let them wait again, in their original order");
  command->add_flag("--dry-run", flags->dry_run, "With --redrive: show what would happen");
  command->add_flag("--json", flags->json, "One JSON object a line");
  command->callback([flags, &exit_code] {
    auto const outcome = run(*flags);
    if (!outcome) fmt::print(stderr, "hoist: {}\n", outcome.error().to_string());
    exit_code = outcome ? 0 : info(outcome.error().code()).cli_exit;
  });
}

}  // namespace hoist::bin
