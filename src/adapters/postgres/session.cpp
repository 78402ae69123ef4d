#include "adapters/postgres/session.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>

#include "adapters/postgres/database.hpp"
#include "adapters/postgres/locks.hpp"
#include "base/log.hpp"
#include "base/retry.hpp"
#include "base/try.hpp"

namespace hoist::postgres {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto pauses = Backoff{.first = 20ms, .longest = 1s};
constexpr auto statement_time_max = std::chrono::minutes{10};
constexpr auto commit_time_min = std::chrono::seconds{10};
// A process that stands still inside of a transaction would keep others waiting.
constexpr auto idle_in_transaction_max = "30s";
// Who waits for everything keeps those from beginning who come after him. Where one tenant's transaction
// stands still, the others go on when he has stepped back.
constexpr auto wait_for_everything_max = std::chrono::seconds{1};

bool takes_everything(Scope const& scope) {
  return !scope.only() && !scope.claims();
}

std::string left_ms(Deadline deadline) {
  auto const left = deadline - steady_clock::now();
  auto const bounded = std::clamp<steady_clock::duration>(left, 1ms, statement_time_max);
  return fmt::format("{}", std::chrono::ceil<std::chrono::milliseconds>(bounded).count());
}

Command settings(Scope const& scope, Deadline deadline) {
  auto const& tenant = scope.only();
  auto const patience =
      takes_everything(scope) ? std::min(deadline, deadline_in(wait_for_everything_max)) : deadline;
  return {
      "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true), "
      "set_config('idle_in_transaction_session_timeout', $3, true), set_config('hoist.scope', $4, true), "
      "set_config('hoist.tenant', $5, true)",
      {left_ms(deadline), left_ms(patience), idle_in_transaction_max, tenant ? "tenant" : "system",
       tenant ? tenant->str() : std::string{}}};
}

// A statement that reads after these sees everything that a holder before us has committed.
std::vector<Command> locks(Scope const& scope) {
  auto const everything = sql::Args{std::int64_t{lock_class}, std::int64_t{everything_lock}};
  if (takes_everything(scope)) return {{"SELECT pg_advisory_xact_lock($1::int, $2::int)", everything}};
  return {{"SELECT pg_advisory_xact_lock_shared($1::int, $2::int)", everything},
          {"SELECT pg_advisory_xact_lock($1::int, key) FROM unnest($2::int[]) AS key",
           {std::int64_t{lock_class}, fmt::format("{{{}}}", fmt::join(locks_of(scope), ","))}}};
}

constexpr auto begin_write = "BEGIN ISOLATION LEVEL READ COMMITTED";
constexpr auto begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr auto time_of_write = "SELECT hoist_now($1)";
constexpr auto time_of_read =
    "SELECT greatest((extract(epoch FROM clock_timestamp()) * 1000000)::bigint, last_value, $1) "
    "FROM hoist_time";

Deadline latest_of(auto const& batch) {
  auto latest = Deadline::min();
  for (auto const& function : batch) latest = std::max(latest, function.job.deadline);
  return latest;
}

void raise(std::atomic<std::int64_t>& latest, std::int64_t value) {
  auto known = latest.load();
  while (known < value && !latest.compare_exchange_weak(known, value)) {
  }
}

}  // namespace

SessionMeters::SessionMeters(Metrics& metrics)
    : batch_size{metrics.histogram("hoist_db_commit_batch_size", "Functions committed by one sync.",
                                   {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024})},
      commit_seconds{metrics.histogram("hoist_db_commit_seconds", "Time one commit with its sync takes.",
                                       Metrics::seconds_bounds())},
      again{metrics.counter("hoist_db_again_total",
                            "Transactions that ran again, for a lost connection or a conflict.")},
      opened{metrics.counter("hoist_db_connections_opened_total", "Connections opened to the database.")} {}

void Session::run() {
  while (true) {
    auto taken = parts_.jobs.take(batch_functions_max);
    if (taken.jobs.empty()) return;
    run_together(std::move(taken.jobs));
    parts_.jobs.finish(taken.key);
  }
}

void Session::run_together(std::vector<sql::Job> jobs) {
  auto batch = std::vector<Function>{};
  batch.reserve(jobs.size());
  for (auto& job : jobs) {
    if (steady_clock::now() > job.deadline)
      job.done(fail(too_late()));
    else
      batch.push_back({std::move(job), {}, {}});
  }
  if (batch.empty()) return;
  run_to_answers(batch);
  for (auto& function : batch) {
    if (function.outcome)
      for (auto& action : function.actions) action();
    function.actions.clear();
    function.job.done(std::move(function.outcome));
  }
}

// Runs all of them in one transaction, again where that may help, and each alone where one spoils it.
void Session::run_to_answers(std::span<Function> batch) {
  auto const deadline = latest_of(batch);
  auto const give_up = std::min(deadline, deadline_in(outage_patience));
  for (auto failures = 1;; ++failures) {
    auto const how = run_once(batch);
    if (how == Ran::well) return;
    if (how == Ran::apart) {
      for (auto& function : batch) run_to_answers({&function, 1});
      return;
    }
    parts_.meters.again.add();
    auto const pause = pauses.after(failures);
    auto const until = how == Ran::locked_out ? deadline : give_up;
    if (steady_clock::now() + pause >= until || parts_.jobs.closed()) {
      for (auto& function : batch) function.outcome = std::unexpected{*cause_};
      return;
    }
    parts_.jobs.rest(deadline_in(pause));
  }
}

Session::Ran Session::run_once(std::span<Function> batch) {
  if (auto const connected = connect(); !connected) {
    cause_ = connected.error();
    return Ran::again;
  }
  auto const deadline = latest_of(batch);
  for (auto turn = parts_.run_twice && writes() ? 0 : 1; turn < 2; ++turn) {
    auto const now = begin(batch.front().job.scope, deadline);
    if (!now) return all_failed(batch, now.error());
    auto const ran = run_functions(batch, *now, deadline);
    if (ran != Ran::well || turn == 0) {
      roll_back();
      for (auto& function : batch) function.actions.clear();
    }
    if (ran != Ran::well) return ran;
  }
  return commit(batch, deadline);
}

Result<void> Session::connect() {
  if (connection_ && connection_->fresh()) return {};
  connection_.reset();
  TRY(connection_, Connection::open(parts_.connection));
  parts_.meters.opened.add();
  return {};
}

std::expected<Time, Failure> Session::begin(Scope const& scope, Deadline deadline) {
  auto const floor = parts_.latest_us.load();
  auto commands = std::vector<Command>{{writes() ? begin_write : begin_read}, settings(scope, deadline)};
  if (writes()) std::ranges::move(locks(scope), std::back_inserter(commands));
  commands.push_back({writes() ? time_of_write : time_of_read, {floor}});
  auto const answer = connection_->run(commands, deadline);
  if (!answer) {
    roll_back();
    return std::unexpected{answer.error()};
  }
  if (parts_.clock != nullptr) return parts_.clock->now();
  auto const us = std::atoll(PQgetvalue(answer->get(), 0, 0));
  raise(parts_.latest_us, us);
  if (parts_.server_clock != nullptr) parts_.server_clock->heard(from_us(us));
  return from_us(us);
}

Session::Ran Session::run_functions(std::span<Function> batch, Time now, Deadline deadline) {
  for (auto& function : batch) {
    auto const how = run_one(function, now, deadline, batch.size() == 1);
    if (how != Ran::well) return how;
  }
  return Ran::well;
}

Session::Ran Session::run_one(Function& function, Time now, Deadline deadline, bool alone) {
  if (steady_clock::now() > function.job.deadline) {
    function.outcome = fail(too_late());
    return Ran::well;
  }
  auto tx = PostgresTransaction{{*connection_, parts_.wakeups, now, deadline}, function.job.scope};
  function.outcome = function.job.work(tx);
  function.changed = tx.changed();
  if (auto const& failed = tx.failed()) {
    if (failed->fate != Fate::kept) {
      cause_ = failed->error;
      return Ran::again;
    }
    function.outcome = std::unexpected{failed->error};
  }
  function.actions = function.outcome ? tx.take_actions() : decltype(function.actions){};
  auto const spoils = !function.outcome && (tx.changed() || tx.failed());
  return spoils && !alone ? Ran::apart : Ran::well;
}

Session::Ran Session::commit(std::span<Function> batch, Deadline deadline) {
  auto const changed = std::ranges::any_of(batch, &Function::changed);
  // Alone, a function that failed has nothing that could be kept.
  if (batch.size() == 1 && !batch.front().outcome) {
    roll_back();
    return Ran::well;
  }
  auto const start = steady_clock::now();
  auto const answer = connection_->run({Command{"COMMIT"}}, std::max(deadline, deadline_in(commit_time_min)));
  if (answer && std::string_view{PQcmdStatus(answer->get())} == "COMMIT") {
    if (!writes()) return Ran::well;
    parts_.meters.commit_seconds.observe(std::chrono::duration<double>(steady_clock::now() - start).count());
    parts_.meters.batch_size.observe(static_cast<double>(batch.size()));
    return Ran::well;
  }
  if (answer) return all_failed(batch, failure_of("25P02", "COMMIT was answered by ROLLBACK"));
  auto failure = answer.error();
  if (failure.fate != Fate::lost || !changed) return all_failed(batch, failure);
  return all_failed(batch, {Fate::kept, unknown_whether_committed(failure.error.cause())});
}

// A function that failed by itself keeps its own error.
Session::Ran Session::all_failed(std::span<Function> batch, Failure const& failure) {
  roll_back();
  if (failure.fate != Fate::kept) {
    cause_ = failure.error;
    return failure.fate == Fate::locked_out ? Ran::locked_out : Ran::again;
  }
  for (auto& function : batch)
    if (function.outcome) function.outcome = std::unexpected{failure.error};
  return Ran::well;
}

void Session::roll_back() {
  if (connection_->usable() && PQtransactionStatus(connection_->handle()) != PQTRANS_IDLE)
    (void)connection_->run({Command{"ROLLBACK"}}, deadline_in(commit_time_min));
}

}  // namespace hoist::postgres
