#include "tasks/feature.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "model/queue_names.hpp"
#include "tasks/routes.hpp"

namespace hoist::tasks {
namespace {

constexpr auto settle_margin = std::chrono::seconds{5};
constexpr auto maintenance_interval = std::chrono::minutes{1};
constexpr auto maintenance_time_max = std::chrono::seconds{60};

Options options_of(Records const& records, Settings const& settings) {
  auto options = settings.service;
  options.cursors = Cursors{records.cursor_secret, "task cursors"};
  return options;
}

ProcessorOptions processor_options(Settings const& settings) {
  auto options = settings.processor;
  options.attempt_max =
      settings.handler == HandlerKind::command ? settings.command.timeout : settings.webhook.timeout;
  options.attempt_max += settle_margin;
  return options;
}

}  // namespace

Result<MakeHandler> make_webhook_of(Settings const& settings, Clock const& clock) {
  auto secrets = std::shared_ptr<WebhookSecrets>{};
  if (!settings.webhook_secrets_file.empty()) {
    TRY(secrets, WebhookSecrets::open(settings.webhook_secrets_file));
  }
  return make_webhook(settings.webhook, std::move(secrets), clock);
}

QueuePolicy task_rules(Settings const& settings) {
  auto rules = settings.rules;
  rules.backoff_max = std::max(rules.backoff_max, rules.backoff_base);
  return rules;
}

Feature::Feature(Records const& records, Options options, Metrics& metrics)
    : clock_{records.clock},
      ends_{records.database, records.secrets, metrics},
      service_{Ports{records.database, records.outbox, records.joint, records.idempotency, records.audit,
                     metrics, &ends_},
               std::move(options)} {}

Result<std::unique_ptr<Feature>> Feature::make(Records const& records, Settings settings,
                                               std::set<std::uint16_t> own_ports, Metrics& metrics) {
  settings.webhook.target.ports_refused = std::move(own_ports);
  auto feature = std::unique_ptr<Feature>{new Feature{records, options_of(records, settings), metrics}};
  CHECK(records.queues.declare(task_queue, task_rules(settings), &feature->follower_));
  TRY(auto handler, feature->make_handler(records, settings));
  feature->processor_ =
      std::make_unique<Processor>(ProcessorPorts{records.database, records.consumer, records.joint, metrics},
                                  std::move(handler), processor_options(settings));
  return feature;
}

Result<MakeHandler> Feature::make_handler(Records const& records, Settings const& settings) {
  switch (settings.handler) {
    case HandlerKind::record: return MakeHandler{};
    case HandlerKind::webhook: return make_webhook_of(settings, records.clock);
    case HandlerKind::command:
      commands_ = std::make_unique<CommandThreads>(static_cast<std::size_t>(settings.processor.workers));
      return make_command(settings.command, *commands_);
  }
  HOIST_ASSERT(false);
}

void Feature::add_routes(net::Router& router) {
  serves_ = true;
  tasks::add_routes(router, service_, clock_);
}

std::vector<Job> Feature::jobs() {
  auto maintain = [this]() -> Async<bool> {
    CO_CHECK(co_await service_.maintain(deadline_in(maintenance_time_max)));
    co_return false;
  };
  if (!serves_) return {{"tasks", maintenance_interval, maintain}};
  auto sign = [this]() -> Async<bool> {
    CO_CHECK(co_await ends_.sweep(deadline_in(maintenance_time_max)));
    co_return false;
  };
  return {{"tasks", maintenance_interval, maintain}, {"task ends", maintenance_interval, sign}};
}

void Feature::start(std::vector<asio::any_io_executor> const& executors) {
  processor_->start(executors);
}

Async<bool> Feature::stop(std::chrono::milliseconds grace) {
  CO_TRY(auto const finished, co_await processor_->stop(grace));
  if (!finished) log::warn("tasks that run are delivered again: the grace was too short");
  co_return finished;
}

}  // namespace hoist::tasks
