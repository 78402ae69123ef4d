#include "app/check_settings.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "net/server.hpp"
#include "tasks/command.hpp"
#include "tasks/webhook_secrets.hpp"
#include "tasks/webhook_target.hpp"

namespace hoist::app {
namespace {

Result<void> named(std::string_view setting, Result<void> const& checked) {
  if (checked) return {};
  auto const& error = checked.error();
  return fail(Error{error.code(), fmt::format("{}: {}", setting, error.detail())}.with_cause(error.cause()));
}

Result<void> check_secrets(std::string const& file) {
  CHECK(tasks::WebhookSecrets::open(file));
  return {};
}

Result<void> check_tasks(Config const& config) {
  if (config.tasks.handler == "command")
    return named("tasks.command", tasks::check_command(config.tasks.command));
  if (config.tasks.handler != "webhook") return {};
  auto rules = tasks::TargetRules{.allow_private = config.tasks.webhook_allow_private};
  for (auto const& listened : {config.server.listen, config.server.objects_listen})
    if (auto const endpoint = parse_endpoint(listened); endpoint && endpoint->port != 0)
      rules.ports_refused.insert(endpoint->port);
  CHECK(named("tasks.webhook_url", tasks::check_webhook_url(config.tasks.webhook_url, rules)));
  if (config.tasks.webhook_secrets_file.empty()) return {};
  return named("tasks.webhook_secrets_file", check_secrets(config.tasks.webhook_secrets_file));
}

}  // namespace

Result<void> check_settings(Config const& config) {
  CHECK(check_tasks(config));
  auto const& server = config.server;
  if (server.tls_key_file.empty()) return {};
  return named("server.tls_key_file", net::check_tls_files(server.tls_certificate_file, server.tls_key_file));
}

}  // namespace hoist::app
