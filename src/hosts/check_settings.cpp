#include "hosts/check_settings.hpp"

#include <fmt/format.h>

#include "base/try.hpp"
#include "net/server.hpp"
#include "tasks/command.hpp"
#include "tasks/webhook_secrets.hpp"
#include "tasks/webhook_target.hpp"

namespace hoist::hosts {
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
  if (config.tasks.handler == tasks::HandlerKind::command)
    return named("tasks.command", tasks::check_command(config.tasks.command.command));
  if (config.tasks.handler != tasks::HandlerKind::webhook) return {};
  auto rules = config.tasks.webhook.target;
  rules.ports_refused = configured_ports(config);
  CHECK(named("tasks.webhook_url", tasks::check_webhook_url(config.tasks.webhook.url, rules)));
  if (config.tasks.webhook_secrets_file.empty()) return {};
  return named("tasks.webhook_secrets_file", check_secrets(config.tasks.webhook_secrets_file));
}

}  // namespace

std::set<std::uint16_t> configured_ports(Config const& config) {
  auto ports = std::set<std::uint16_t>{};
  for (auto const& listened : {config.server.listen, config.server.objects_listen})
    if (auto const endpoint = parse_endpoint(listened); endpoint && endpoint->port != 0)
      ports.insert(endpoint->port);
  return ports;
}

Result<void> check_settings(Config const& config) {
  CHECK(check_tasks(config));
  auto const& server = config.server;
  if (server.tls_key_file.empty()) return {};
  return named("server.tls_key_file", net::check_tls_files(server.tls_certificate_file, server.tls_key_file));
}

}  // namespace hoist::hosts
