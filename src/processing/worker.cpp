#include "processing/worker.hpp"

#include <boost/asio/this_coro.hpp>
#include <fmt/format.h>

#include <algorithm>

#include "base/json.hpp"
#include "base/lease_keeper.hpp"
#include "base/log.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"

namespace hoist::processing {
namespace {

constexpr auto settle_max = std::chrono::seconds{30};  // for acknowledging and recording a failure
constexpr auto pause_after_error = std::chrono::seconds{1};
constexpr auto look_for_scanner_every = std::chrono::milliseconds{200};

struct Target {
  TenantId tenant;
  UploadId upload;
  std::string trace_parent;  // empty: none
};

Result<Target> parse_message(Message const& message) {
  TRY(auto const body, parse_json(message.body));
  if (!body.is_object()) return fail(Code::invalid, "The message is not an object.");
  auto fields = Fields{body.as_object()};
  auto target = Target{};
  target.tenant = TenantId{fields.text("tenant", {.max = 63})};
  target.upload = UploadId{fields.text("upload", {.max = 36})};
  target.trace_parent = fields.optional_text("trace_parent", {.max = 255}).value_or("");
  CHECK(fields.finish());
  if (target.tenant != message.tenant) return fail(Code::invalid, "The message is of another tenant.");
  return target;
}

}  // namespace

struct Worker::State : std::enable_shared_from_this<State> {
  State(Consumer& jobs, Ports const& given, WorkerOptions wanted)
      : queue{jobs},
        ports{given},
        options{std::move(wanted)},
        pipeline{given,
                 {.quarantine_bucket = options.quarantine_bucket, .spool_folder = options.spool_folder}},
        in_flight{given.metrics.gauge("hoist_processing_jobs_in_flight", "Files being processed")} {}

  Consumer& queue;
  Ports ports;
  WorkerOptions options;
  Pipeline pipeline;
  Gauge in_flight;
  TaskGroup loops;   // each is one lane()
  TaskGroup leases;  // of the messages that they work on

  // One at a time, until told to stop.
  asio::awaitable<void> lane() {
    while (!loops.draining()) {
      if (ports.scanner.away()) {
        (void)co_await loops.pause(look_for_scanner_every);
        continue;
      }
      auto request = ReceiveRequest{.queue = options.queue, .max = 1};
      request.visibility = options.visibility;
      request.wait = options.poll;
      auto const received =
          co_await queue.receive(std::move(request), deadline_in(options.poll + settle_max));
      if (!received) {
        log::warn("the processing queue does not answer", {{"cause", received.error().to_string()}});
        (void)co_await loops.pause(pause_after_error);
        continue;
      }
      for (auto const& message : *received) {
        in_flight.add(1);
        co_await handle(message);
        in_flight.add(-1);
      }
    }
  }

  asio::awaitable<void> handle(Message message) {
    auto const target = parse_message(message);
    if (!target) {
      log::error("a processing message is not one of ours", {{"cause", target.error().to_string()}});
      auto failure = QueueFailure{.cause = "not a processing message", .permanent = true};
      (void)co_await queue.fail(message.receipt, std::move(failure), deadline_in(settle_max));
      co_return;
    }
    auto const outcome = co_await attempt(message, *target);
    auto settled = Result<void>{};
    if (outcome)
      settled = co_await queue.acknowledge(message.receipt, deadline_in(settle_max));
    else if (outcome.error().slug() == scanner_away || outcome.error().slug() == out_of_descriptors)
      settled = co_await leave_waiting(message, *target, outcome.error());
    else
      settled = co_await give_back(message, *target, outcome.error());
    if (!settled)
      log::warn("a processing message could not be settled", {{"upload", target->upload.str()},
                                                              {"cause", settled.error().to_string()},
                                                              {"trace", target->trace_parent}});
  }

  Async<> attempt(Message const& message, Target const& target) {
    auto const deadline = deadline_in(options.job_max);
    auto const executor = co_await asio::this_coro::executor;
    auto extend = [self = shared_from_this(), receipt = message.receipt](Deadline by) {
      return self->queue.extend(receipt, self->options.visibility, by);
    };
    auto wanted = Lease{.period = options.visibility / 3, .until = deadline, .renew = std::move(extend)};
    auto const lease = LeaseKeeper{leases, executor, std::move(wanted)};
    CO_TRY(auto job,
           co_await ports.ledger.begin(target.tenant, target.upload, message.receipt.attempt, deadline));
    if (!job) co_return Result<void>{};
    job->trace_parent = target.trace_parent;
    auto const is_first = message.receipt.attempt == 1 && message.attempts_max > 1;
    auto still_ours = std::function<bool()>{[&lease] { return !lease.lost(); }};
    co_return co_await pipeline.run(*job, std::move(still_ours), is_first, deadline);
  }

  // As if it had never been taken, but the user is told.
  Async<> leave_waiting(Message const& message, Target const& target, Error const& error) {
    auto const deadline = deadline_in(settle_max);
    log::info("a file waits, and no attempt is counted", {{"tenant", target.tenant.str()},
                                                          {"upload", target.upload.str()},
                                                          {"cause", error.to_string()},
                                                          {"trace", target.trace_parent}});
    auto const noted = co_await ports.ledger.waiting(target.tenant, target.upload, error.detail(), deadline);
    if (!noted)
      log::warn("the wait of a file could not be recorded",
                {{"upload", target.upload.str()}, {"cause", noted.error().to_string()}});
    // The lane looks for the scanner by itself; descriptors come back when others are done.
    if (error.slug() == out_of_descriptors) (void)co_await loops.pause(pause_after_error);
    co_return co_await queue.release(message.receipt, deadline);
  }

  // Says so to the user, then lets the queue decide when it is tried again.
  Async<> give_back(Message const& message, Target const& target, Error const& error) {
    auto const deadline = deadline_in(settle_max);
    auto const last = message.receipt.attempt >= message.attempts_max;
    log::warn(last ? "a file failed after its last attempt" : "a file is tried again later",
              {{"tenant", target.tenant.str()},
               {"upload", target.upload.str()},
               {"attempt", std::to_string(message.receipt.attempt)},
               {"cause", error.to_string()}});
    auto noted = Result<void>{};
    if (last) {
      auto failure =
          ProcessingFailure{.code = std::string{error.slug()}, .message = error.detail(), .scan = {}};
      noted = co_await ports.ledger.failed(target.tenant, target.upload, std::move(failure), deadline);
    } else {
      noted = co_await ports.ledger.retrying(target.tenant, target.upload, error.detail(), deadline);
    }
    if (!noted)
      log::warn("an attempt could not be recorded",
                {{"upload", target.upload.str()}, {"cause", noted.error().to_string()}});
    co_return co_await queue.fail(message.receipt, {.cause = error.to_string()}, deadline);
  }
};

Worker::Worker(Consumer& queue, Ports ports, WorkerOptions options)
    : state_{std::make_shared<State>(queue, ports, std::move(options))} {}

Worker::~Worker() {
  state_->loops.close();
}

void Worker::start(std::vector<asio::any_io_executor> const& executors) {
  for (auto i = 0; i < state_->options.jobs_max; ++i)
    state_->loops.spawn(executors[static_cast<std::size_t>(i) % executors.size()],
                        [state = state_] { return state->lane(); });
}

Async<bool> Worker::stop(std::chrono::milliseconds grace) {
  auto const state = state_;
  auto const deadline = deadline_in(grace);
  CO_TRY(auto const ended, co_await state->loops.drain(deadline));
  CO_TRY(auto const released, co_await state->leases.drain(deadline));
  auto const all = ended && released;
  co_return all;
}

}  // namespace hoist::processing
