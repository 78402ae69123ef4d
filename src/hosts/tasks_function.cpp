#include "hosts/tasks_function.hpp"

#include "base/try.hpp"
#include "tasks/routes.hpp"
#include "tenants/operator.hpp"

namespace hoist::hosts {

Result<TasksFunctionSettings> tasks_function_settings(FunctionEnvironment environment, aws::Environment aws) {
  auto settings = TasksFunctionSettings{.aws = std::move(aws)};
  TRY(settings.queue_url,
      needed(environment, "HOIST_TASKS_QUEUE_URL", "the address of the FIFO queue for tasks"));
  auto sources = ConfigSources{};
  sources.environment = std::move(environment);
  TRY(settings.config, load_config(sources));
  return settings;
}

TasksFunction::TasksFunction(TasksFunctionSettings const& settings)
    : account_{settings.aws, clock_, metrics_}, gate_{closed_, TenantId{tenants::first_tenant}} {}

Result<std::unique_ptr<Function>> TasksFunction::open(TasksFunctionSettings settings) {
  auto function = std::unique_ptr<TasksFunction>{new TasksFunction{settings}};
  TRY(function->queue_, sqs::FifoQueue::open(settings.queue_url, function->account_));
  auto& metrics = function->metrics_;
  function->intake_ = std::make_unique<tasks::Intake>(*function->queue_, function->clock_, metrics);
  auto options = net::Router::Options{};
  options.cors_origins = settings.config.server.cors_origins;
  options.language = settings.config.server.language;
  function->router_ = std::make_unique<net::Router>(std::move(options), function->gate_, metrics);
  tasks::add_intake_route(*function->router_, *function->intake_);
  return function;
}

Async<std::string> TasksFunction::invoke(aws::Invocation invocation) {
  co_return co_await answer_http(*router_, std::move(invocation));
}

}  // namespace hoist::hosts
