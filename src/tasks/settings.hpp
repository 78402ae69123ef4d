// What operators set for tasks.
#pragma once

#include <string>

#include "ports/queue_registry.hpp"
#include "tasks/command.hpp"
#include "tasks/processor.hpp"
#include "tasks/service.hpp"
#include "tasks/webhook.hpp"

namespace hoist::tasks {

enum class HandlerKind { record, webhook, command };

struct Settings {
  HandlerKind handler = HandlerKind::record;
  QueuePolicy rules;
  Options service;
  ProcessorOptions processor;
  WebhookOptions webhook;            // of HandlerKind::webhook
  std::string webhook_secrets_file;  // empty: unsigned
  CommandOptions command;            // of HandlerKind::command
};

}  // namespace hoist::tasks
