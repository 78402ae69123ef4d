#include "uploads/watchdog.hpp"

#include <fmt/format.h>

#include <array>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/listener.hpp"

namespace hoist::uploads {
namespace {

constexpr auto leave_bytes =
    std::to_array({UploadState::expired, UploadState::cancelled, UploadState::deleted, UploadState::failed});

constexpr auto measure_interval = std::chrono::seconds{15};

void left_for_later(Upload const& upload, Error const& error) {
  // A conflict means that somebody else has just moved the upload, which is as good.
  if (error.code() == Code::conflict) return;
  log::warn("the watchdog could not move an upload and will try again",
            {{"tenant", upload.tenant.str()}, {"upload", upload.id.str()}, {"cause", error.to_string()}});
}

}  // namespace

Watchdog::Watchdog(Service& service)
    : service_{service},
      oldest_{service.ports().metrics.gauge("hoist_uploads_oldest_unsettled_seconds",
                                            "Age of the oldest file that is not in a final state")} {
  auto& metrics = service_.ports().metrics;
  for (auto i = 0; i < static_cast<int>(UploadState::count_); ++i) {
    auto const state = static_cast<UploadState>(i);
    by_state_.emplace(state, metrics.gauge("hoist_uploads", "Uploads by state",
                                           {{"state", std::string{to_string(state)}}}));
  }
  for (auto const* action : {"expired", "assembled", "postponed", "requeued", "failed", "cleaned"})
    actions_.emplace(action, metrics.counter("hoist_uploads_watchdog_total", "Uploads moved by the watchdog",
                                             {{"action", action}}));
}

Async<Sweep> Watchdog::sweep(Deadline deadline) {
  auto sweep = Sweep{};
  CO_CHECK(co_await sweep_parts(sweep, deadline));
  CO_CHECK(co_await sweep_pending(sweep, deadline));
  CO_CHECK(co_await sweep_working(UploadState::uploaded, sweep, deadline));
  CO_CHECK(co_await sweep_working(UploadState::processing, sweep, deadline));
  for (auto const state : leave_bytes) CO_CHECK(co_await sweep_ended(state, sweep, deadline));
  CO_CHECK(co_await forget_changes(deadline));
  CO_CHECK(co_await measure(deadline));
  actions_.at("expired").add(sweep.expired);
  actions_.at("assembled").add(sweep.assembled);
  actions_.at("postponed").add(sweep.postponed);
  actions_.at("requeued").add(sweep.requeued);
  actions_.at("failed").add(sweep.failed);
  actions_.at("cleaned").add(sweep.cleaned);
  co_return sweep;
}

Async<std::vector<Upload>> Watchdog::due(UploadState state, Deadline deadline) {
  auto const now = service_.ports().clock.now();
  co_return co_await service_.ports().database.read(
      system_scope(),
      [&](sql::Transaction& tx) { return due_uploads(tx, state, now, service_.options().sweep_rows_max); },
      deadline);
}

// A crash between the last part and its completion, or a store that does not report parts.
Async<> Watchdog::sweep_parts(Sweep& sweep, Deadline deadline) {
  auto const before = service_.ports().clock.now() - service_.options().parts_grace;
  CO_TRY(auto const uploads, co_await service_.ports().database.read(
                                 system_scope(),
                                 [&](sql::Transaction& tx) {
                                   return idle_multiparts(tx, before, service_.options().sweep_rows_max);
                                 },
                                 deadline));
  for (auto const& upload : uploads) {
    auto const assembled = co_await service_.settle(upload, deadline);
    if (assembled) {
      ++sweep.assembled;
      continue;
    }
    left_for_later(upload, assembled.error());
    // Back to the end of the line.
    CO_CHECK(co_await service_.ports().database.write(
        upload.tenant,
        [&](sql::Transaction& tx) {
          return tx.execute(
              "UPDATE uploads SET updated_us = $3 WHERE tenant = $1 AND id = $2 AND state = 'PENDING'",
              {upload.tenant.str(), upload.id.str(), sql::value(service_.ports().clock.now())});
        },
        deadline));
  }
  co_return Result<void>{};
}

Async<> Watchdog::sweep_pending(Sweep& sweep, Deadline deadline) {
  CO_TRY(auto const uploads, co_await due(UploadState::pending, deadline));
  for (auto const& upload : uploads) {
    // The last look: a report may have been lost, and bytes that are there are never thrown away.
    auto const settled = co_await service_.settle(upload, deadline);
    if (settled) {
      ++sweep.assembled;
      continue;
    }
    if (settled.error().retryable()) {
      left_for_later(upload, settled.error());
      continue;
    }
    auto const expired = co_await service_.ports().database.write(
        upload.tenant,
        [&](sql::Transaction& tx) -> Result<void> {
          auto const now = service_.ports().clock.now();
          auto step = Step{};
          step.to = UploadState::expired;
          step.now = now;
          step.deadline = now;  // what is there of its parts goes in this sweep
          step.what = "expired";
          step.error_code = "expired";
          step.error_message = "The file's bytes did not arrive in time.";
          auto current = upload;
          CHECK(advance(tx, service_.options(), current, std::move(step)));
          tx.after_commit([this, tenant = upload.tenant] { service_.ports().broadcast.notify(tenant); });
          return {};
        },
        deadline);
    if (expired)
      ++sweep.expired;
    else
      left_for_later(upload, expired.error());
  }
  co_return Result<void>{};
}

Async<> Watchdog::sweep_working(UploadState state, Sweep& sweep, Deadline deadline) {
  CO_TRY(auto const uploads, co_await due(state, deadline));
  for (auto const& upload : uploads) {
    auto const postponed = co_await postpone(upload, deadline);
    if (!postponed)
      left_for_later(upload, postponed.error());
    else if (*postponed)
      ++sweep.postponed;
    else
      CO_CHECK(co_await send_again(state, upload, sweep, deadline));
  }
  co_return Result<void>{};
}

// A file whose message is in the queue is not forgotten: it is the queue that counts its attempts. A queue
// that cannot be asked keeps what was sent to it.
Async<bool> Watchdog::postpone(Upload const& upload, Deadline deadline) {
  auto const& options = service_.options();
  if (auto* const joint = service_.ports().joint) {
    auto const look = [&](sql::Transaction& tx) {
      return joint->holds(tx, options.queue, upload.tenant, upload.id.str());
    };
    CO_TRY(auto const held, co_await service_.ports().database.read(upload.tenant, look, deadline));
    if (!held) co_return false;
  }
  auto const until = service_.ports().clock.now() + options.uploaded_deadline;
  CO_TRY(auto const moved,
         co_await service_.ports().database.write(
             upload.tenant,
             [&](sql::Transaction& tx) {
               return tx.execute(
                   "UPDATE uploads SET deadline_us = $4 WHERE tenant = $1 AND id = $2 AND state = $3",
                   {upload.tenant.str(), upload.id.str(), std::string{to_string(upload.state)},
                    sql::value(until)});
             },
             deadline));
  co_return moved == 1;
}

Async<> Watchdog::send_again(UploadState state, Upload const& upload, Sweep& sweep, Deadline deadline) {
  auto const& options = service_.options();
  auto const give_up = upload.requeues >= options.requeues_max;
  auto const moved = co_await service_.ports().database.write(
      upload.tenant,
      [&](sql::Transaction& tx) -> Result<void> {
        TRY(auto current, find_upload(tx, upload.tenant, upload.id));
        if (current.state != state || current.deadline != upload.deadline)
          return fail(Code::conflict, "The upload has moved on.");
        auto const now = service_.ports().clock.now();
        tx.after_commit([this, tenant = upload.tenant] { service_.ports().broadcast.notify(tenant); });
        if (!give_up) {
          CHECK(requeue(tx, options, current, now, now + options.uploaded_deadline));
          CHECK(service_.ports().outbox.send_one(tx, processing_message(options, current)));
          return {};
        }
        auto step = Step{};
        step.to = UploadState::failed;
        step.now = now;
        step.deadline = now + options.failed_retention;
        step.what = "failed";
        step.detail = fmt::format("no worker finished it after {} reminders", upload.requeues);
        step.error_code = "processing_timeout";
        step.error_message = "The file was not processed in time.";
        return advance(tx, options, current, std::move(step));
      },
      deadline);
  if (moved)
    ++(give_up ? sweep.failed : sweep.requeued);
  else
    left_for_later(upload, moved.error());
  co_return Result<void>{};
}

Async<> Watchdog::sweep_ended(UploadState state, Sweep& sweep, Deadline deadline) {
  CO_TRY(auto const uploads, co_await due(state, deadline));
  for (auto const& upload : uploads) {
    auto const cleaned = co_await service_.clean_up(upload, deadline);
    if (cleaned)
      ++sweep.cleaned;
    else
      left_for_later(upload, cleaned.error());
  }
  co_return Result<void>{};
}

Async<> Watchdog::forget_changes(Deadline deadline) {
  auto const before = service_.ports().clock.now() - service_.options().changes_retention;
  constexpr std::int64_t rows_max = 10'000;  // a transaction, so that nobody waits long behind it
  while (true) {
    CO_TRY(auto const count,
           co_await service_.ports().database.write(
               system_scope(),
               [&](sql::Transaction& tx) {
                 return tx.execute(
                     "DELETE FROM changes WHERE (tenant, seq) IN (SELECT tenant, seq FROM changes "
                     "WHERE at_us < $1 ORDER BY at_us LIMIT $2)",
                     {sql::value(before), rows_max});
               },
               deadline));
    if (count < rows_max) co_return Result<void>{};
  }
}

// Counts all rows, so not in every sweep.
Async<> Watchdog::measure(Deadline deadline) {
  auto const now = service_.ports().clock.now();
  if (measured_at_ && now - *measured_at_ < measure_interval) co_return Result<void>{};
  measured_at_ = now;
  struct Numbers {
    std::map<UploadState, std::int64_t> files;
    std::optional<Time> oldest;
  };
  CO_TRY(auto const numbers,
         co_await service_.ports().database.read(
             system_scope(),
             [&](sql::Transaction& tx) -> Result<Numbers> {
               auto found = Numbers{};
               TRY(auto const rows,
                   tx.query("SELECT state, count(*), min(created_us) FROM uploads GROUP BY state"));
               for (auto const& row : rows) {
                 auto const state = parse_upload_state(row.text(0));
                 if (!state) return fail(Code::internal, "An upload is in an unknown state.");
                 found.files[*state] = row.integer(1);
                 if (is_final(*state)) continue;
                 found.oldest = std::min(found.oldest.value_or(row.time(2)), row.time(2));
               }
               return found;
             },
             deadline));
  for (auto& [state, gauge] : by_state_) {
    auto const found = numbers.files.find(state);
    gauge.set(found == numbers.files.end() ? 0.0 : static_cast<double>(found->second));
  }
  auto const age = numbers.oldest ? now - *numbers.oldest : Micros{0};
  oldest_.set(std::chrono::duration<double>(age).count());
  co_return Result<void>{};
}

}  // namespace hoist::uploads
