#include "tasks/processor.hpp"

#include <boost/asio/this_coro.hpp>

#include "base/lease_keeper.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "model/queue_names.hpp"
#include "tasks/parse.hpp"
#include "tasks/settlement.hpp"

namespace hoist::tasks {
namespace {

constexpr auto answer_max = std::chrono::seconds{30};  // of the queue, beyond the poll
constexpr auto settle_tries = 5;

Delivery delivery_of(Work const& work) {
  auto const& message = work.message;
  return {.id = TaskId{message.receipt.id.str()},
          .tenant = message.tenant,
          .group = message.group,
          .sequence = message.sequence,
          .attempt = work.attempt,
          .body = message.body,
          .accepted_at = message.sent_at};
}

}  // namespace

struct Processor::State : std::enable_shared_from_this<State> {
  State(ProcessorPorts given, MakeHandler make, ProcessorOptions wanted)
      : ports{given}, make_handler{std::move(make)}, options{wanted}, meter{given.metrics} {
    auto how = SettlementOptions{.visibility = options.visibility,
                                 .tasks_per_commit = options.tasks_per_commit,
                                 .stopping = [this] { return loops.draining(); }};
    settlement = make_settlement({ports.database, ports.consumer, ports.joint, meter}, std::move(how));
  }

  ProcessorPorts ports;
  MakeHandler make_handler;
  ProcessorOptions options;
  TaskMeter meter;
  TaskGroup loops;   // each is one lane()
  TaskGroup leases;  // of the messages that they work on
  std::unique_ptr<Settlement> settlement;

  asio::awaitable<void> lane() {
    auto const handler = make_handler ? make_handler() : nullptr;
    while (!loops.draining()) {
      auto request = ReceiveRequest{.queue = task_queue, .max = handler ? 1 : queue_receive_max};
      request.visibility = options.visibility;
      request.wait = options.poll;
      auto received =
          co_await ports.consumer.receive(std::move(request), deadline_in(options.poll + answer_max));
      if (!received) {
        log::warn("the task queue does not answer", {{"cause", received.error().to_string()}});
        (void)co_await loops.pause(options.pause_after_error);
        continue;
      }
      if (received->empty()) continue;
      if (handler)
        co_await serve(*handler, std::move(received->front()));
      else
        co_await record(*std::move(received));
    }
  }

  // Without a handler: everything there is.
  asio::awaitable<void> record(std::vector<Message> messages) {
    for (auto more = true; more && !loops.draining();) {
      auto const recorded = co_await settlement->record(std::exchange(messages, {}));
      if (!recorded)
        log::warn("tasks could not be recorded and come again", {{"cause", recorded.error().to_string()}});
      more = recorded && *recorded;
    }
  }

  // One task after the other, as long as there are any.
  asio::awaitable<void> serve(Handler& handler, Message first) {
    auto const id = first.receipt.id.str();
    auto work = co_await settlement->begin(std::move(first));
    if (!work)
      log::warn("a task could not be started and comes again",
                {{"task", id}, {"cause", work.error().to_string()}});
    while (work && *work) {
      auto const outcome = co_await attempt(handler, **work);
      work = co_await settle(**work, outcome);
    }
  }

  asio::awaitable<Outcome> attempt(Handler& handler, Work const& work) {
    auto const deadline = deadline_in(options.attempt_max);
    auto const executor = co_await asio::this_coro::executor;
    auto extend = [self = shared_from_this(), receipt = work.message.receipt](Deadline by) {
      return self->ports.consumer.extend(receipt, self->options.visibility, by);
    };
    // Whether it was lost shows when the attempt is settled.
    auto const lease =
        LeaseKeeper{leases, executor, Lease{.period = options.visibility / 3, .renew = std::move(extend)}};
    co_return co_await handler.run(delivery_of(work), deadline);
  }

  // Nothing: there is no next one, or this worker came too late.
  Async<std::optional<Work>> settle(Work work, Outcome outcome) {
    for (auto i = 1;; ++i) {
      auto settled = co_await settlement->settle(work, outcome);
      if (settled) {
        if (!outcome.done) log_failure(work, outcome);
        co_return settled;
      }
      if (!settled.error().retryable() || i == settle_tries || loops.draining()) {
        log::warn("a task could not be settled and comes again",
                  {{"task", work.message.receipt.id.str()}, {"cause", settled.error().to_string()}});
        co_return settled;
      }
      (void)co_await loops.pause(options.pause_after_error);
    }
  }

  static void log_failure(Work const& work, Outcome const& outcome) {
    log::warn("an attempt at a task failed", {{"tenant", work.message.tenant.str()},
                                              {"group", work.message.group},
                                              {"task", work.message.receipt.id.str()},
                                              {"attempt", std::to_string(work.attempt)},
                                              {"permanent", outcome.permanent ? "true" : "false"},
                                              {"cause", outcome.cause},
                                              {"request", request_of(work.message.body)},
                                              {"trace", trace_of(work.message.body)}});
  }
};

Processor::Processor(ProcessorPorts ports, MakeHandler make_handler, ProcessorOptions options)
    : state_{std::make_shared<State>(ports, std::move(make_handler), options)} {}

Processor::~Processor() {
  state_->loops.close();
}

void Processor::start(std::vector<asio::any_io_executor> const& executors) {
  for (auto i = 0; i < state_->options.workers; ++i)
    state_->loops.spawn(executors[static_cast<std::size_t>(i) % executors.size()],
                        [state = state_] { return state->lane(); });
}

Async<bool> Processor::stop(std::chrono::milliseconds grace) {
  auto const state = state_;
  auto const deadline = deadline_in(grace);
  CO_TRY(auto const ended, co_await state->loops.drain(deadline));
  CO_TRY(auto const released, co_await state->leases.drain(deadline));
  auto const all = ended && released;
  co_return all;
}

}  // namespace hoist::tasks
