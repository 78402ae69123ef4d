#include "bin/events_reconcile.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>

#include "base/try.hpp"
#include "events/feature.hpp"
#include "events/reconcile.hpp"
#include "hosts/admin.hpp"

namespace hoist::bin {
namespace {

constexpr auto time_max = std::chrono::hours{6};
constexpr std::size_t ids_shown_max = 20;

struct Flags {
  std::string data = "hoist-data";
  bool repair = false;
};

struct Log {
  events::LogStores stores;
  events::Service service;
};

void show(std::string_view what, std::vector<EventId> const& ids) {
  for (std::size_t i = 0; i < std::min(ids.size(), ids_shown_max); ++i)
    fmt::print("  {}  {}\n", what, ids[i].str());
  if (ids.size() > ids_shown_max) fmt::print("  {}  and {} more\n", what, ids.size() - ids_shown_max);
}

// Answers whether the log's two stores agree in the end.
Async<bool> reconcile_one(Log& log, TenantId tenant, bool repairs) {
  auto const deadline = deadline_in(time_max);
  CO_TRY(auto report, co_await events::reconcile(log.stores, tenant, deadline));
  if (repairs && (report.pending > 0 || !report.orphans.empty())) {
    CO_TRY(auto const erased,
           co_await events::repair(log.service, log.stores.details, tenant, report, deadline));
    fmt::print("{}: brought {} pending over, erased {} orphans\n", tenant.str(), report.pending, erased);
    CO_TRY(report, co_await events::reconcile(log.stores, tenant, deadline));
  }
  fmt::print("{}: {} events, {} pending, {} missing, {} orphaned, {} altered, {} emptied without a notice\n",
             tenant.str(), report.checked, report.pending, report.missing.size(), report.orphans.size(),
             report.altered.size(), report.emptied.size());
  show("missing", report.missing);
  show("orphaned", report.orphans);
  show("altered", report.altered);
  show("emptied", report.emptied);
  co_return report.equal();
}

// Are the logs what was signed and marked beside the key?
Async<bool> look_at_marks(events::LogStores const& stores, Secrets const& secrets) {
  auto signed_any = [](sql::Transaction& tx) { return tx.query("SELECT 1 FROM event_checkpoints LIMIT 1"); };
  CO_TRY(auto const checkpoints,
         co_await stores.database.read(Scope::system(), signed_any, deadline_in(std::chrono::minutes{1})));
  auto const pem = secrets.read(events::key_secret);
  auto const text = secrets.read(events::marks_secret);
  if (checkpoints.empty() && !text) co_return true;  // nothing was signed yet
  if (!pem) fmt::print("keys/event_log.pem: {}\n", pem.error().detail());
  if (!text)
    fmt::print("{} is not there: whether events were taken away cannot be told\n", events::marks_secret);
  if (!pem) co_return false;
  if (!text) co_return true;  // a server that was killed right after its first checkpoint has none yet
  CO_TRY(auto const key, Ed25519Key::from_pem(*pem));
  CO_TRY(auto const marks, events::Marks::make(*text, {}));
  CO_TRY(auto const problems,
         co_await events::check_marks(stores.database, stores.index, *marks, key.public_key(),
                                      deadline_in(std::chrono::minutes{1})));
  for (auto const& problem : problems) fmt::print("{}\n", problem);
  co_return problems.empty();
}

Async<bool> reconcile_all(Log& log, bool repairs) {
  auto work = [&](sql::Transaction& tx) { return log.stores.index.tenants(tx); };
  CO_TRY(auto const tenants,
         co_await log.stores.database.read(Scope::system(), work, deadline_in(std::chrono::seconds{30})));
  auto equal = true;
  for (auto const& tenant : tenants) {
    CO_TRY(auto const one, co_await reconcile_one(log, tenant, repairs));
    equal = equal && one;
  }
  if (tenants.empty()) fmt::print("No events yet.\n");
  co_return equal;
}

Result<bool> run(Flags const& flags) {
  TRY(auto const admin, hosts::Admin::open(flags.data));
  auto const records = admin->records();
  auto log =
      Log{{records.database, records.event_index, records.event_details},
          {records.database, records.event_index, records.event_details, records.wakeups, admin->metrics()}};
  auto body = std::function<Async<bool>()>{[&]() -> Async<bool> {
    CO_TRY(auto const equal, co_await reconcile_all(log, flags.repair));
    CO_TRY(auto const signed_so, co_await look_at_marks(log.stores, records.secrets));
    auto const fine = equal && signed_so;
    co_return fine;
  }};
  return run_to_end<bool>(body);
}

}  // namespace

void add_reconcile_command(CLI::App& app, int& exit_code) {
  auto* command = app.get_subcommand("events")->add_subcommand(
      "reconcile", "Compare the index with the details store, event by event, and both with what was signed");
  auto flags = std::make_shared<Flags>();
  command->add_option("--data", flags->data, "The server's data folder (default hoist-data)");
  command->add_flag("--repair", flags->repair, "Bring pending details over and erase orphans");
  command->footer("Exit code: 0 all is as it was recorded, 1 it is not.");
  command->callback([flags, &exit_code] {
    auto const outcome = run(*flags);
    if (!outcome) fmt::print(stderr, "hoist: {}\n", outcome.error().to_string());
    exit_code = outcome ? (*outcome ? 0 : 1) : info(outcome.error().code()).cli_exit;
  });
}

}  // namespace hoist::bin
