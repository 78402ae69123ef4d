#include "tasks/batch_processor.hpp"

#include <map>

#include "base/log.hpp"
#include "tasks/parse.hpp"

namespace hoist::tasks {
namespace {

// Kept back of the time there is, to record effects and to put off what failed.
constexpr auto settle_time = std::chrono::seconds{3};

// A group that is not worked on any more in this batch.
struct Stopped {
  std::vector<std::string> handles;
  std::chrono::seconds pause;
};

void log_failure(Handed const& handed, Outcome const& outcome) {
  auto const task = read_queued_task(handed.body);
  log::warn("an attempt at a task failed", {{"group", handed.group},
                                            {"sequence", handed.sequence},
                                            {"message", handed.id},
                                            {"task", task ? task->id.str() : ""},
                                            {"attempt", std::to_string(handed.receives)},
                                            {"permanent", outcome.permanent ? "true" : "false"},
                                            {"cause", outcome.cause},
                                            {"request", task ? request_of(task->body) : ""},
                                            {"trace", task ? trace_of(task->body) : ""}});
}

}  // namespace

BatchProcessor::BatchProcessor(Ports ports, MakeHandler make_handler, Backoff pauses)
    : ports_{ports}, make_handler_{std::move(make_handler)}, pauses_{pauses}, meter_{ports.metrics} {}

asio::awaitable<std::vector<std::string>> BatchProcessor::process(std::vector<Handed> batch,
                                                                  Deadline deadline) {
  auto const work_until = deadline - settle_time;
  // Of this batch alone: what a handler is connected to does not outlive a process that is frozen.
  auto const handler = make_handler_ ? make_handler_() : nullptr;
  auto stopped = std::map<std::string, Stopped>{};
  auto again = std::vector<std::string>{};
  for (auto& handed : batch) {
    auto at = stopped.find(handed.group);
    if (at == stopped.end()) {
      auto const outcome = co_await attempt(handler.get(), handed, work_until);
      if (outcome.done) continue;
      meter_.failed.add();
      log_failure(handed, outcome);
      at = stopped.emplace(handed.group, Stopped{{}, pause_after(outcome, handed)}).first;
    }
    at->second.handles.push_back(std::move(handed.handle));
    again.push_back(std::move(handed.id));
  }
  for (auto& [group, waiting] : stopped)
    if (auto const done =
            co_await ports_.redelivery.put_off(std::move(waiting.handles), waiting.pause, deadline);
        !done)
      log::warn("failed tasks come again only when the queue's own time is over",
                {{"group", group}, {"cause", done.error().to_string()}});
  co_return again;
}

asio::awaitable<Outcome> BatchProcessor::attempt(Handler* handler, Handed const& handed, Deadline deadline) {
  if (std::chrono::steady_clock::now() >= deadline)
    co_return Outcome::failure("No time was left for it in this batch.");
  auto const task = read_queued_task(handed.body);
  if (!task) co_return Outcome::refused("It is no task. " + task.error().to_string());
  co_return co_await run(handler, *task, handed, deadline);
}

asio::awaitable<Outcome> BatchProcessor::run(Handler* handler, QueuedTask const& task, Handed const& handed,
                                             Deadline deadline) {
  if (handler == nullptr) co_return co_await finish(task, handed, deadline);
  auto const found = co_await ports_.effects.is_recorded(task.id.str(), deadline);
  if (!found) co_return Outcome::failure("Its effect could not be looked for. " + found.error().to_string());
  if (*found) {
    meter_.repeated.add();
    co_return Outcome::success();
  }
  auto outcome = co_await handler->run({.id = task.id,
                                        .tenant = task.tenant,
                                        .group = handed.group,
                                        .attempt = handed.receives,
                                        .body = task.body,
                                        .accepted_at = task.accepted_at},
                                       deadline);
  if (!outcome.done) co_return outcome;
  // The handler may have used up the time for work; what it did is still to be recorded.
  co_return co_await finish(task, handed, deadline + settle_time / 2);
}

asio::awaitable<Outcome> BatchProcessor::finish(QueuedTask const& task, Handed const& handed,
                                                Deadline deadline) {
  auto effect = Effect{.key = task.id.str(),
                       .tenant = task.tenant,
                       .group = handed.group,
                       .sequence = handed.sequence,
                       .attempt = handed.receives};
  auto const first = co_await ports_.effects.record(std::move(effect), deadline);
  if (!first) co_return Outcome::failure("Its effect could not be recorded. " + first.error().to_string());
  auto ended = std::optional<Finished>{};
  if (*first) ended = Finished{task.due_at, task.accepted_at};
  meter_.ended(ended, ports_.clock.now());
  log::info(*first ? "a task is done" : "a task was done before", {{"tenant", task.tenant.str()},
                                                                   {"group", handed.group},
                                                                   {"sequence", handed.sequence},
                                                                   {"task", task.id.str()},
                                                                   {"request", request_of(task.body)},
                                                                   {"trace", trace_of(task.body)}});
  co_return Outcome::success();
}

// In whole seconds, as queues count, and never less than was asked for.
std::chrono::seconds BatchProcessor::pause_after(Outcome const& outcome, Handed const& handed) const {
  if (outcome.permanent) return std::chrono::seconds{0};
  auto const pause = outcome.delay.value_or(pauses_.after(handed.receives));
  return std::chrono::ceil<std::chrono::seconds>(pause);
}

}  // namespace hoist::tasks
