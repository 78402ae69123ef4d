#include "uploads/watchdog.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/log.hpp"
#include "base/try.hpp"
#include "uploads/changes.hpp"
#include "uploads/rows.hpp"

namespace hoist::uploads {
namespace {

constexpr auto leave_bytes =
    std::to_array({UploadState::expired, UploadState::cancelled, UploadState::deleted, UploadState::failed,
                   UploadState::completed});

constexpr auto measure_interval = std::chrono::seconds{15};
constexpr auto longest_pause_between_looks = Micros{std::chrono::hours{1}};

void left_for_later(Upload const& upload, Error const& error) {
  // A conflict means that another process has just moved the upload, which is as good.
  if (error.code() == Code::conflict) return;
  log::warn("the watchdog could not move an upload and will try again",
            {{"tenant", upload.tenant.str()}, {"upload", upload.id.str()}, {"cause", error.to_string()}});
}

}  // namespace

Watchdog::Watchdog(Needs needs, Options const& options)
    : needs_{needs},
      options_{options},
      oldest_{needs.metrics.gauge("hoist_uploads_oldest_unsettled_seconds",
                                  "Age of the oldest file that is not in a final state")} {
  auto& metrics = needs_.metrics;
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
  CO_CHECK(co_await forget_old_changes(deadline));
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
  auto look = [&](sql::Transaction& tx) { return due_uploads(tx, state, tx.now(), options_.sweep_rows_max); };
  co_return co_await needs_.database.read(Scope::system(), look, deadline);
}

// A crash between the last part and its completion, or a store that does not report parts.
Async<> Watchdog::sweep_parts(Sweep& sweep, Deadline deadline) {
  auto look = [&](sql::Transaction& tx) {
    return idle_multiparts(tx, tx.now() - options_.parts_grace, options_.sweep_rows_max);
  };
  CO_TRY(auto const uploads, co_await needs_.database.read(Scope::system(), look, deadline));
  for (auto const& upload : uploads) {
    auto const assembled = co_await needs_.completion.settle(upload, deadline);
    if (assembled) {
      ++sweep.assembled;
      continue;
    }
    left_for_later(upload, assembled.error());
    auto move = [&](sql::Transaction& tx) { return put_last(tx, upload, tx.now()); };
    CO_CHECK(co_await needs_.database.write(Scope::tenant(upload.tenant), move, deadline));
  }
  co_return Result<void>{};
}

Async<> Watchdog::sweep_pending(Sweep& sweep, Deadline deadline) {
  CO_TRY(auto const uploads, co_await due(UploadState::pending, deadline));
  for (auto const& upload : uploads) {
    // The last look: a report may have been lost, and bytes that are there are never thrown away.
    auto const settled = co_await needs_.completion.settle(upload, deadline);
    if (settled) {
      ++sweep.assembled;
      continue;
    }
    if (settled.error().retryable()) {
      left_for_later(upload, settled.error());
      continue;
    }
    auto const is_over = upload.expires_at <= needs_.clock.now();
    auto const moved = is_over ? co_await expire(upload, deadline) : co_await look_later(upload, deadline);
    if (!moved)
      left_for_later(upload, moved.error());
    else if (is_over)
      ++sweep.expired;
  }
  co_return Result<void>{};
}

// Of a store that does not report: ever more rarely, for most uploads that wait have been given up.
Async<> Watchdog::look_later(Upload const& upload, Deadline deadline) {
  auto move = [&](sql::Transaction& tx) -> Result<void> {
    auto const now = tx.now();
    auto const pause = std::clamp(now - upload.created_at, options_.look_after, longest_pause_between_looks);
    CHECK(put_off(tx, upload, std::min(now + pause, upload.expires_at)));
    return {};
  };
  co_return co_await needs_.database.write(Scope::tenant(upload.tenant), move, deadline);
}

Async<> Watchdog::expire(Upload upload, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    auto const now = tx.now();
    auto step = Step{.to = UploadState::expired, .now = now, .what = "expired"};
    step.deadline = now;  // what is there of its parts goes in this sweep
    step.error_code = "expired";
    step.error_message = "The file's bytes did not arrive in time.";
    auto current = upload;
    CHECK(advance(tx, options_, current, std::move(step)));
    tx.notify(uploads_of(upload.tenant));
    return {};
  };
  co_return co_await needs_.database.write(Scope::tenant(upload.tenant), work, deadline);
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
  if (needs_.joint != nullptr) {
    auto look = [&](sql::Transaction& tx) {
      return needs_.joint->holds(tx, options_.queue, upload.tenant, upload.id.str());
    };
    CO_TRY(auto const held, co_await needs_.database.read(Scope::tenant(upload.tenant), look, deadline));
    if (!held) co_return false;
  }
  auto move = [&](sql::Transaction& tx) {
    return put_off(tx, upload, tx.now() + options_.reminder_interval());
  };
  co_return co_await needs_.database.write(Scope::tenant(upload.tenant), move, deadline);
}

Async<> Watchdog::send_again(UploadState state, Upload const& upload, Sweep& sweep, Deadline deadline) {
  auto const give_up = upload.requeues >= reminders_max;
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    TRY(auto current, find_upload(tx, upload.tenant, upload.id));
    if (current.state != state || current.deadline != upload.deadline)
      return fail(Code::conflict, "The upload has moved on.");
    if (!give_up) return needs_.handover.send_again(tx, current);
    auto const now = tx.now();
    auto step = Step{.to = UploadState::failed, .now = now, .what = "failed"};
    step.deadline = now + options_.failed_retention;
    step.detail = fmt::format("no worker finished it after {} reminders", upload.requeues);
    step.error_code = "processing_timeout";
    step.error_message = "The file was not processed in time.";
    tx.notify(uploads_of(upload.tenant));
    return advance(tx, options_, current, std::move(step));
  };
  auto const moved = co_await needs_.database.write(Scope::tenant(upload.tenant), work, deadline);
  if (moved)
    ++(give_up ? sweep.failed : sweep.requeued);
  else
    left_for_later(upload, moved.error());
  co_return Result<void>{};
}

Async<> Watchdog::sweep_ended(UploadState state, Sweep& sweep, Deadline deadline) {
  CO_TRY(auto const uploads, co_await due(state, deadline));
  for (auto const& upload : uploads) {
    auto const cleaned = co_await needs_.removal.clean_up(upload, deadline);
    if (cleaned)
      ++sweep.cleaned;
    else
      left_for_later(upload, cleaned.error());
  }
  co_return Result<void>{};
}

Async<> Watchdog::forget_old_changes(Deadline deadline) {
  constexpr std::int64_t rows_max = 10'000;  // a transaction, so that no other one waits long behind it
  auto forget = [&](sql::Transaction& tx) {
    return forget_changes(tx, tx.now() - options_.changes_retention, rows_max);
  };
  while (true) {
    CO_TRY(auto const count, co_await needs_.database.write(Scope::system(), forget, deadline));
    if (count < rows_max) co_return Result<void>{};
  }
}

// Counts all rows, so not in every sweep.
Async<> Watchdog::measure(Deadline deadline) {
  auto const now = needs_.clock.now();
  if (measured_at_ && now - *measured_at_ < measure_interval) co_return Result<void>{};
  measured_at_ = now;
  CO_TRY(auto const numbers, co_await needs_.database.read(Scope::system(), count_states, deadline));
  for (auto& [state, gauge] : by_state_) {
    auto const found = numbers.files.find(state);
    gauge.set(found == numbers.files.end() ? 0.0 : static_cast<double>(found->second));
  }
  auto const age = numbers.oldest_unsettled ? now - *numbers.oldest_unsettled : Micros{0};
  oldest_.set(std::chrono::duration<double>(age).count());
  co_return Result<void>{};
}

}  // namespace hoist::uploads
