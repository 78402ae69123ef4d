#include "bin/dead_letters.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

#include "base/json.hpp"
#include "base/try.hpp"
#include "bin/cli/progress.hpp"
#include "dead_letters/admin.hpp"
#include "hosts/admin.hpp"
#include "hosts/config.hpp"
#include "model/queue_names.hpp"
#include "tasks/feature.hpp"
#include "tasks/follower.hpp"
#include "tenants/operator.hpp"
#include "tenants/tenant_table.hpp"
#include "uploads/follower.hpp"

namespace hoist::bin {
namespace {

constexpr int page = 500;

struct Flags {
  std::string data;
  std::string config_file;
  std::vector<std::string> settings;
  std::string queue = processing_queue;
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
    fmt::print("{}  {}  {}  {} attempts  {}\n", letter.id.str(), cli::short_time(to_rfc3339(letter.died_at)),
               letter.tenant.str(), letter.attempts, letter.cause);
  }
}

// One tenant's letters were asked for, or everybody's.
Async<std::vector<TenantId>> tenants_of(Records const& records, Flags const& flags) {
  if (!flags.tenant.empty()) co_return std::vector{TenantId{flags.tenant}};
  auto work = [](sql::Transaction& tx) { return tenants::TenantTable{}.all(tx); };
  co_return co_await records.database.read(Scope::system(), work, soon());
}

void tell_of_none(Flags const& flags) {
  if (!flags.json) fmt::print("No dead letters in {}.\n", flags.queue);
}

Async<> list(Records const& records, Flags const& flags) {
  auto shown = std::size_t{0};
  CO_TRY(auto const tenants, co_await tenants_of(records, flags));
  for (auto const& tenant : tenants) {
    for (auto after = MessageId{};;) {
      CO_TRY(auto const letters,
             co_await records.dead_letters.list(flags.queue, tenant, after, page, soon()));
      for (auto const& letter : letters) show(letter, flags);
      shown += letters.size();
      if (letters.size() < page) break;
      after = letters.back().id;
    }
  }
  if (shown == 0) tell_of_none(flags);
  co_return Result<void>{};
}

std::unexpected<Error> none_of_them(Flags const& flags) {
  return fail(Code::not_found,
              fmt::format("There is no dead letter of {} with such an id; without ids, all are listed.",
                          flags.queue));
}

Async<> plan(Records const& records, Flags const& flags, std::vector<MessageId> ids) {
  auto shown = std::size_t{0};
  CO_TRY(auto const tenants, co_await tenants_of(records, flags));
  for (auto const& tenant : tenants) {
    CO_TRY(auto const items, co_await records.dead_letters.plan(flags.queue, tenant, ids, soon()));
    for (auto const& item : items)
      fmt::print("{}  would run again, {} later ones overtook it\n", item.letter.id.str(), item.overtaken_by);
    shown += items.size();
  }
  if (shown == 0 && !ids.empty()) co_return none_of_them(flags);
  if (shown == 0) tell_of_none(flags);
  co_return Result<void>{};
}

Async<> redrive(Records const& records, Flags const& flags) {
  auto ids = std::vector<MessageId>{};
  for (auto const& id : flags.ids) ids.emplace_back(id);
  if (flags.dry_run) co_return co_await plan(records, flags, std::move(ids));
  auto admin = dead_letters::DeadLetterAdmin{{records.database, records.dead_letters, records.audit}};
  auto count = std::int64_t{0};
  CO_TRY(auto const tenants, co_await tenants_of(records, flags));
  for (auto const& tenant : tenants) {
    auto order = dead_letters::RedriveOrder{};
    order.call.caller = tenants::operator_of(tenant);
    order.call.deadline = soon();
    order.queue = flags.queue;
    order.ids = ids;
    CO_TRY(auto const some, co_await admin.redrive(std::move(order)));
    count += some;
  }
  if (count == 0 && !ids.empty()) co_return none_of_them(flags);
  fmt::print("{} will be tried again, in their original order.\n", count);
  co_return Result<void>{};
}

Result<hosts::Config> read_config(Flags const& flags) {
  auto sources = hosts::ConfigSources{};
  sources.file = flags.config_file;
  sources.environment = hosts::hoist_environment();
  sources.settings = flags.settings;
  if (!flags.data.empty()) sources.settings.push_back("server.data=" + flags.data);
  return hosts::load_config(sources);
}

Result<void> run(Flags const& flags) {
  TRY(auto const config, read_config(flags));
  TRY(auto const admin, hosts::Admin::open(config.server.data));
  auto const records = admin->records();
  auto upload_follower = uploads::ProcessingFollower{config.uploads};
  auto task_follower = tasks::TaskFollower{};
  CHECK(records.queues.declare(config.uploads.queue,
                               uploads::processing_policy(config.processing.attempts_max), &upload_follower));
  CHECK(records.queues.declare(task_queue, tasks::task_rules(config.tasks), &task_follower));
  auto body = std::function<Async<>()>{
      [&] { return flags.redrive ? redrive(records, flags) : list(records, flags); }};
  return run_to_end<void>(body);
}

}  // namespace

void add_dead_letters_command(CLI::App& app, int& exit_code) {
  auto* command =
      app.add_subcommand("dead-letters", "Show what a queue gave up on, or try it again with --redrive");
  auto flags = std::make_shared<Flags>();
  command->add_option("id", flags->ids, "Only these messages (with --redrive)");
  command->add_option("--data", flags->data, "The server's data folder (default hoist-data)");
  command->add_option("--config", flags->config_file, "TOML file; that of the server")
      ->check(CLI::ExistingFile);
  command->add_option("--set", flags->settings, "NAME=VALUE of any setting; may be repeated");
  command->add_option("--queue", flags->queue, "processing (the default) for files, or tasks")
      ->check(CLI::IsMember({processing_queue, task_queue}));
  command->add_option("--tenant", flags->tenant, "Only this tenant's (default: everybody's)");
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
