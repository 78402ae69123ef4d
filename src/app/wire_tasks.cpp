#include "app/parts.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "tasks/command.hpp"
#include "tasks/routes.hpp"
#include "tasks/webhook.hpp"

namespace hoist::app {
namespace {

constexpr auto settle_margin = std::chrono::seconds{5};

QueuePolicy rules_of(Config const& config) {
  auto rules = QueuePolicy{};
  rules.attempts_max = config.tasks.attempts_max;
  rules.backoff_base = std::chrono::milliseconds{config.tasks.retry_first_ms};
  rules.backoff_max = std::max(rules.backoff_max, rules.backoff_base);
  rules.depth_max = config.tasks.depth_max;
  rules.on_dead = config.tasks.on_dead == "block"        ? OnDead::block
                  : config.tasks.on_dead == "park_group" ? OnDead::park_group
                                                         : OnDead::skip;
  return rules;
}

Result<tasks::MakeHandler> make_webhook(App::Parts& parts) {
  auto options = tasks::WebhookOptions{};
  options.url = parts.config.tasks.webhook_url;
  options.target.allow_private = parts.config.tasks.webhook_allow_private;
  for (auto const* server : {parts.api_server.get(), parts.objects_server.get()})
    if (server != nullptr) options.target.ports_refused.insert(server->port());
  auto secrets = std::shared_ptr<tasks::WebhookSecrets>{};
  if (!parts.config.tasks.webhook_secrets_file.empty()) {
    TRY(secrets, tasks::WebhookSecrets::open(parts.config.tasks.webhook_secrets_file));
  }
  return tasks::make_webhook(std::move(options), std::move(secrets), parts.clock);
}

Result<tasks::MakeHandler> make_command(App::Parts& parts, int workers) {
  parts.task_commands = std::make_unique<tasks::CommandThreads>(static_cast<std::size_t>(workers));
  auto options = tasks::CommandOptions{};
  options.command = parts.config.tasks.command;
  options.timeout = std::chrono::seconds{parts.config.tasks.command_timeout_s};
  return tasks::make_command(std::move(options), *parts.task_commands);
}

Result<tasks::MakeHandler> make_handler(App::Parts& parts, int workers) {
  if (parts.config.tasks.handler == "webhook") return make_webhook(parts);
  if (parts.config.tasks.handler == "command") return make_command(parts, workers);
  return tasks::MakeHandler{};
}

}  // namespace

Result<void> wire_task_processor(App::Parts& parts) {
  auto const& config = parts.config.tasks;
  CHECK(parts.queue->declare(tasks::queue_name, tasks::task_policy(rules_of(parts.config), parts.clock)));
  auto processor = tasks::ProcessorOptions{};
  processor.workers = static_cast<int>(config.workers);
  processor.attempt_max =
      config.handler == "command" ? std::chrono::seconds{config.command_timeout_s} : tasks::webhook_timeout;
  processor.attempt_max += settle_margin;
  TRY(auto handler, make_handler(parts, processor.workers));
  parts.task_processor = std::make_unique<tasks::Processor>(
      tasks::ProcessorPorts{*parts.database, *parts.queue, parts.clock, parts.metrics}, std::move(handler),
      processor);
  return {};
}

Result<void> wire_tasks(App::Parts& parts) {
  CHECK(wire_task_processor(parts));
  auto options = tasks::Options{};
  options.cursor_key = hmac_sha256(parts.credentials.signer.secret_access_key, "task cursors");
  options.retention = std::chrono::days{parts.config.tasks.retention_days};
  parts.tasks =
      std::make_unique<tasks::Service>(tasks::Ports{*parts.database, *parts.queue, *parts.idempotency,
                                                    parts.audit, parts.clock, parts.metrics},
                                       std::move(options));
  tasks::add_routes(*parts.router, *parts.tasks);
  return {};
}

}  // namespace hoist::app
