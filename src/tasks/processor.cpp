#include "tasks/processor.hpp"

#include <fmt/format.h>

#include <atomic>

#include "base/lanes.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "tasks/parse.hpp"
#include "tasks/rows.hpp"
#include "tasks/service.hpp"

namespace hoist::tasks {
namespace {

constexpr auto settle_max = std::chrono::seconds{30};
constexpr auto pause_after_error = std::chrono::milliseconds{500};
constexpr auto settle_tries = 5;
constexpr auto repeats_skipped_max = 10;  // finished tasks passed over in one transaction

// A message whose start is on disk.
struct Work {
  Message message;
  std::int64_t attempt = 0;
};

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

void say_done(Message const& message) {
  if (log::enabled(log::Level::info))
    log::info("a task is done", {{"tenant", message.tenant.str()},
                                 {"group", message.group},
                                 {"sequence", std::to_string(message.sequence)},
                                 {"task", message.receipt.id.str()},
                                 {"trace", trace_of(message.body)}});
}

}  // namespace

struct Processor::State : std::enable_shared_from_this<State> {
  State(ProcessorPorts given, MakeHandler make, ProcessorOptions wanted)
      : ports{given},
        make_handler{std::move(make)},
        options{wanted},
        in_time{given.metrics.counter("hoist_tasks_done_total", "Tasks done, by due date", {{"due", "met"}})},
        late{given.metrics.counter("hoist_tasks_done_total", "Tasks done, by due date", {{"due", "missed"}})},
        undated{
            given.metrics.counter("hoist_tasks_done_total", "Tasks done, by due date", {{"due", "none"}})},
        failed{given.metrics.counter("hoist_tasks_attempts_failed_total", "Attempts that failed")},
        repeated{given.metrics.counter("hoist_tasks_repeats_skipped_total",
                                       "Deliveries of tasks that were finished already")},
        seconds{given.metrics.histogram("hoist_tasks_seconds", "From accepted to done",
                                        Metrics::seconds_bounds())} {}

  ProcessorPorts ports;
  MakeHandler make_handler;
  ProcessorOptions options;
  Counter in_time, late, undated, failed, repeated;
  Histogram seconds;
  Lanes lanes;

  [[nodiscard]] ReceiveRequest request(int max, Micros wait) const {
    auto request = ReceiveRequest{.queue = queue_name, .max = max};
    request.visibility = options.visibility;
    request.wait = wait;
    return request;
  }

  void count(Finished const& task, Time now) {
    (!task.due_at ? undated : now <= *task.due_at ? in_time : late).add();
    seconds.observe(static_cast<double>((now - task.created_at).count()) / 1e6);
  }

  asio::awaitable<void> lane() {
    auto const handler = make_handler ? make_handler() : nullptr;
    while (!lanes.stopping()) {
      auto received = co_await ports.queue.receive(request(handler ? 1 : queue_receive_max, options.poll),
                                                   deadline_in(options.poll + settle_max));
      if (!received) {
        log::warn("the task queue does not answer", {{"cause", received.error().to_string()}});
        co_await lanes.pause(pause_after_error);
        continue;
      }
      if (received->empty()) continue;
      if (handler)
        co_await serve(*handler, std::move(received->front()));
      else
        co_await record(*std::move(received));
    }
  }

  // Without a handler: everything there is, as many tasks to a commit as it can take.
  asio::awaitable<void> record(std::vector<Message> messages) {
    while (true) {
      auto const work = [&](sql::Transaction& tx) { return record_some(tx, messages); };
      auto const done = co_await ports.database.write(system_scope(), work, deadline_in(settle_max));
      if (!done) {
        log::warn("tasks could not be recorded and come again", {{"cause", done.error().to_string()}});
        co_return;
      }
      messages.clear();
      if (*done < options.tasks_per_commit || lanes.stopping()) co_return;
    }
  }

  // Each task starts and ends at its place in the order; all of it commits together. Does not touch
  // `messages`, since a transaction may be run again.
  Result<int> record_some(sql::Transaction& tx, std::vector<Message> const& messages) {
    auto count = 0;
    CHECK(record_each(tx, messages));
    count += static_cast<int>(messages.size());
    while (count < options.tasks_per_commit && !lanes.stopping()) {
      TRY(auto const more, ports.queue.receive(tx, request(queue_receive_max, Micros{0})));
      if (more.empty()) break;
      CHECK(record_each(tx, more));
      count += static_cast<int>(more.size());
    }
    return count;
  }

  Result<void> record_each(sql::Transaction& tx, std::vector<Message> const& messages) {
    for (auto const& message : messages) {
      auto const now = ports.clock.now();
      TRY(auto const finished, begin_and_finish(tx, message.receipt, now));
      CHECK(ports.queue.acknowledge(tx, message.receipt));
      note_finished(tx, finished, now);
      if (finished) tx.after_commit([message] { say_done(message); });
    }
    return {};
  }

  void note_finished(sql::Transaction& tx, std::optional<Finished> const& finished, Time now) {
    tx.after_commit([self = this, finished, now] {
      if (finished)
        self->count(*finished, now);
      else
        self->repeated.add();
    });
  }

  // One task after the other, as long as there are any.
  asio::awaitable<void> serve(Handler& handler, Message first) {
    auto work = co_await begin(std::move(first));
    while (work) {
      auto const outcome = co_await attempt(handler, *work);
      work = co_await settle(*std::move(work), outcome);
    }
  }

  asio::awaitable<std::optional<Work>> begin(Message message) {
    auto const start = [&](sql::Transaction& tx) -> Result<std::optional<Work>> {
      TRY(auto const number, begin_attempt(tx, message.receipt, ports.clock.now()));
      if (number) return Work{message, *number};
      CHECK(skip(tx, message));
      return next(tx);
    };
    auto begun = co_await ports.database.write(system_scope(), start, deadline_in(settle_max));
    if (begun) co_return *std::move(begun);
    log::warn("a task could not be started and comes again",
              {{"task", message.receipt.id.str()}, {"cause", begun.error().to_string()}});
    co_return std::nullopt;
  }

  // Delivered again although it is finished: there is nothing left to do but to say so.
  Result<void> skip(sql::Transaction& tx, Message const& message) {
    CHECK(ports.queue.acknowledge(tx, message.receipt));
    tx.after_commit([self = this] { self->repeated.add(); });
    return {};
  }

  Result<std::optional<Work>> next(sql::Transaction& tx) {
    for (auto i = 0; i < repeats_skipped_max && !lanes.stopping(); ++i) {
      TRY(auto messages, ports.queue.receive(tx, request(1, Micros{0})));
      if (messages.empty()) break;
      TRY(auto const number, begin_attempt(tx, messages[0].receipt, ports.clock.now()));
      if (number) return Work{std::move(messages[0]), *number};
      CHECK(skip(tx, messages[0]));
    }
    return std::nullopt;
  }

  asio::awaitable<Outcome> attempt(Handler& handler, Work const& work) {
    auto const deadline = deadline_in(options.attempt_max);
    auto lease = std::make_shared<Lease>();
    keep_lease(co_await asio::this_coro::executor, work.message.receipt, lease);
    auto const ended = Ender{*lease};
    co_return co_await handler.run(delivery_of(work), deadline);
  }

  // What came of it, and the next task, in one transaction. Nothing: there is none, or this worker
  // came too late.
  asio::awaitable<std::optional<Work>> settle(Work work, Outcome outcome) {
    auto const& receipt = work.message.receipt;
    auto const change = [&](sql::Transaction& tx) -> Result<std::optional<Work>> {
      auto const now = ports.clock.now();
      if (outcome.done) {
        TRY(auto const finished, finish_task(tx, receipt, now));
        CHECK(ports.queue.acknowledge(tx, receipt));
        note_finished(tx, finished, now);
        if (finished) tx.after_commit([message = work.message] { say_done(message); });
      } else {
        auto failure = QueueFailure{.cause = outcome.cause, .delay = outcome.delay};
        failure.permanent = outcome.permanent;
        CHECK(ports.queue.fail(tx, receipt, failure));
        tx.after_commit([self = this] { self->failed.add(); });
      }
      return next(tx);
    };
    for (auto i = 1;; ++i) {
      auto settled = co_await ports.database.write(system_scope(), change, deadline_in(settle_max));
      if (settled) {
        if (!outcome.done) note_failure(work, outcome);
        co_return *std::move(settled);
      }
      if (!settled.error().retryable() || i == settle_tries || lanes.stopping()) {
        log::warn("a task could not be settled and comes again",
                  {{"task", receipt.id.str()}, {"cause", settled.error().to_string()}});
        co_return std::nullopt;
      }
      co_await lanes.pause(pause_after_error);
    }
  }

  static void note_failure(Work const& work, Outcome const& outcome) {
    log::warn("an attempt at a task failed", {{"tenant", work.message.tenant.str()},
                                              {"group", work.message.group},
                                              {"task", work.message.receipt.id.str()},
                                              {"attempt", std::to_string(work.attempt)},
                                              {"permanent", outcome.permanent ? "true" : "false"},
                                              {"cause", outcome.cause},
                                              {"trace", trace_of(work.message.body)}});
  }

  struct Lease {
    std::atomic<bool> over{false};
    Signal ended;
  };
  struct Ender {
    explicit Ender(Lease& of) : lease{of} {}
    Ender(Ender const&) = delete;
    ~Ender() {
      lease.over = true;
      lease.ended.notify();
    }
    Lease& lease;
  };

  // Renews the message's visibility until the attempt is over. Whether it was lost shows when the
  // attempt is settled.
  void keep_lease(asio::any_io_executor const& executor, Receipt receipt, std::shared_ptr<Lease> lease) {
    spawn(executor, [self = shared_from_this(), receipt, lease]() -> asio::awaitable<void> {
      auto const period = self->options.visibility / 3;
      while (true) {
        auto const ticket = lease->ended.ticket();
        if (lease->over) co_return;
        (void)co_await lease->ended.wait(ticket, deadline_in(period));
        if (lease->over) co_return;
        auto const extended =
            co_await self->ports.queue.extend(receipt, self->options.visibility, deadline_in(period));
        if (!extended && extended.error().code() == Code::conflict) co_return;
      }
    });
  }
};

Processor::Processor(ProcessorPorts ports, MakeHandler make_handler, ProcessorOptions options)
    : state_{std::make_shared<State>(ports, std::move(make_handler), options)} {}

Processor::~Processor() {
  state_->lanes.ask_to_stop();
}

void Processor::start(std::vector<asio::any_io_executor> const& executors) {
  state_->lanes.start(state_->options.workers, executors, [state = state_] { return state->lane(); });
}

Async<bool> Processor::stop(std::chrono::milliseconds grace) {
  auto const state = state_;
  co_return co_await state->lanes.stop(grace);
}

}  // namespace hoist::tasks
