#include "hosts/processor_function.hpp"

#include "aws/function/queue_event.hpp"
#include "base/try.hpp"
#include "tasks/feature.hpp"

namespace hoist::hosts {
namespace {

Result<tasks::MakeHandler> handler_of(tasks::Settings const& settings, Clock const& clock) {
  switch (settings.handler) {
    case tasks::HandlerKind::record: return tasks::MakeHandler{};
    case tasks::HandlerKind::webhook: return tasks::make_webhook_of(settings, clock);
    case tasks::HandlerKind::command: break;
  }
  return fail(Code::invalid,
              "HOIST_TASKS_HANDLER must be record or webhook: a function has no programs of its own.");
}

}  // namespace

Result<ProcessorFunctionSettings> processor_function_settings(FunctionEnvironment environment,
                                                              aws::Environment aws) {
  auto settings = ProcessorFunctionSettings{.aws = std::move(aws)};
  TRY(settings.queue_url,
      needed(environment, "HOIST_TASKS_QUEUE_URL", "the address of the FIFO queue for tasks"));
  TRY(settings.effects_table, needed(environment, "HOIST_TASKS_EFFECTS_TABLE", "the table of what was done"));
  auto sources = ConfigSources{};
  sources.environment = std::move(environment);
  TRY(settings.config, load_config(sources));
  return settings;
}

Result<std::unique_ptr<Function>> ProcessorFunction::open(ProcessorFunctionSettings settings) {
  auto function = std::unique_ptr<ProcessorFunction>{new ProcessorFunction{std::move(settings.aws)}};
  auto const& tasks = settings.config.tasks;
  auto& clock = function->clock_;
  TRY(function->queue_, sqs::FifoQueue::open(settings.queue_url, function->account_));
  TRY(function->effects_,
      dynamodb::Effects::open({.table = settings.effects_table, .keep = tasks.service.retention},
                              function->account_, clock));
  TRY(auto make_handler, handler_of(tasks, clock));
  function->processor_ = std::make_unique<tasks::BatchProcessor>(
      tasks::BatchProcessor::Ports{*function->effects_, *function->queue_, clock, function->metrics_},
      std::move(make_handler), tasks::task_rules(tasks).pauses());
  return function;
}

Async<std::string> ProcessorFunction::invoke(aws::Invocation invocation) {
  CO_TRY(auto const event, event_of(invocation));
  CO_TRY(auto records, aws::read_queue_event(event));
  auto batch = std::vector<tasks::Handed>{};
  for (auto& record : records)
    batch.push_back({std::move(record.id), std::move(record.handle), std::move(record.group),
                     std::move(record.sequence), record.receives, std::move(record.body)});
  auto const again = co_await processor_->process(std::move(batch), invocation.deadline);
  co_return aws::write_batch_answer(again);
}

}  // namespace hoist::hosts
