#include <fmt/format.h>

#include <algorithm>

#include "app/parts.hpp"
#include "base/log.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"

namespace hoist::app {
namespace {

std::string url_of(Config const& config, std::string const& configured, std::string const& listened,
                   std::uint16_t port) {
  if (!configured.empty()) return configured;
  auto const address = listened.substr(0, listened.rfind(':'));
  return fmt::format("{}://{}:{}", config.server.tls_key_file.empty() ? "http" : "https", address, port);
}

// Two listeners, and every request of objects may hold a file too. What is left is for databases,
// scans and children: connections that took it would fail files that were acknowledged.
Result<std::size_t> connections_max(Config const& config) {
  constexpr std::size_t for_the_rest = 64;
  constexpr std::size_t descriptors_per_connection = 3;
  constexpr std::size_t fewest = 4;
  auto const limit = raise_descriptor_limit();
  auto const taken = open_descriptors() + for_the_rest;
  auto const wanted = static_cast<std::size_t>(config.server.connections_max);
  auto const possible = limit < taken ? 0 : (limit - taken) / descriptors_per_connection;
  if (possible < fewest)
    return fail(Code::unavailable,
                fmt::format("{} open files are too few, {} are needed; raise the limit (ulimit -n)", limit,
                            taken + fewest * descriptors_per_connection));
  if (possible < wanted)
    log::warn("the limit of open files allows fewer connections than server.connections_max",
              {{"open_files", std::to_string(limit)}, {"connections", std::to_string(possible)}});
  return std::min(possible, wanted);
}

Result<std::unique_ptr<net::Server>> listen(App::Parts& parts, std::string name, std::string const& where,
                                            net::Handler& handler) {
  auto const& config = parts.config.server;
  TRY(auto const endpoint, parse_endpoint(where));
  auto options = net::ServerOptions{};
  options.name = std::move(name);
  options.address = endpoint.address;
  options.port = endpoint.port;
  options.connections_max = parts.connections_max;
  options.connections_per_address_max = static_cast<std::size_t>(config.connections_per_address_max);
  options.tls_certificate_file = config.tls_certificate_file;
  options.tls_key_file = config.tls_key_file;
  options.trusted_proxies = config.trusted_proxies;
  // A large object over a weak link takes as long as it takes; idle connections still end.
  if (&handler != parts.router.get()) options.request_timeout = std::chrono::milliseconds{0};
  return net::Server::open(std::move(options), *parts.runtime, handler, parts.metrics);
}

tenants::Gate::Options gate_options(Config const& config) {
  auto options = tenants::Gate::Options{};
  options.per_address.limit = config.limits.requests_per_minute_per_ip;
  options.per_user.limit = config.limits.requests_per_minute_per_user;
  options.initiations_per_user.limit = config.limits.initiations_per_minute_per_user;
  return options;
}

Result<void> wire_identity(App::Parts& parts) {
  auto const& config = parts.config;
  TRY(auto keys, tenants::KeyRing::load_or_create(parts.folder.path("keys/tokens"), parts.clock.now()));
  parts.keys = std::make_unique<tenants::KeyRing>(std::move(keys));
  parts.tenant_table = std::make_unique<tenants::TenantTable>(TenantLimits{
      config.limits.storage_bytes_per_tenant, tenants::default_files_max,
      std::make_shared<FileTypes const>(FileTypes{config.uploads.types_allowed, config.uploads.types_denied}),
      config.uploads.unscannable == "allow"});
  parts.authenticator = std::make_unique<tenants::Authenticator>(*parts.keys, *parts.database, parts.clock,
                                                                 tenants::Authenticator::Options{});
  parts.tickets = std::make_unique<tenants::Tickets>(parts.clock);
  parts.gate = std::make_unique<tenants::Gate>(*parts.authenticator, *parts.tickets, parts.limiter,
                                               parts.clock, gate_options(config));
  return {};
}

}  // namespace

// Both sockets are bound before anything is wired to them, because URLs are signed for the port
// that the objects listener got.
Result<void> wire_http(App::Parts& parts) {
  auto const& config = parts.config;
  CHECK(wire_identity(parts));
  TRY(parts.connections_max, connections_max(config));
  parts.bodies = std::make_shared<net::BodyBudget>(static_cast<std::size_t>(config.server.body_memory_bytes));
  auto router_options = net::Router::Options{};
  router_options.bodies = parts.bodies;
  router_options.cors_origins = config.server.cors_origins;
  router_options.only = config.server.routes;
  if (!router_options.only.empty())
    for (auto const* always : {"GET /health", "GET /ready"}) router_options.only.emplace_back(always);
  parts.router = std::make_unique<net::Router>(std::move(router_options), *parts.gate, parts.metrics);
  TRY(parts.api_server, listen(parts, "api", config.server.listen, *parts.router));
  parts.api_url = url_of(config, config.server.public_url, config.server.listen, parts.api_server->port());

  auto access_keys = std::vector<s3api::AccessKey>{};
  auto const& root = parts.credentials.root;
  auto const& signer = parts.credentials.signer;
  access_keys.push_back({root.access_key_id, root.secret_access_key, ""});
  access_keys.push_back({signer.access_key_id, signer.secret_access_key, "", config.objects.md5_of_uploads});
  TRY(auto keyring, s3api::Keyring::make(std::move(access_keys)));
  parts.s3_keys = std::make_unique<s3api::Keyring>(std::move(keyring));
  auto options = s3api::Options{};
  options.region = config.objects.region;
  auto const& public_url = config.server.objects_url;
  auto const secure =
      public_url.empty() ? !config.server.tls_certificate_file.empty() : public_url.starts_with("https://");
  options.scheme = secure ? "https" : "http";
  options.cors_origins = config.server.cors_origins;
  options.cors_origins.push_back(parts.api_url);
  options.bodies = parts.bodies;
  parts.s3 = std::make_unique<s3api::S3Api>(*parts.objects, *parts.s3_keys, std::move(options), parts.clock,
                                            parts.metrics);
  TRY(parts.objects_server, listen(parts, "objects", config.server.objects_listen, *parts.s3));
  parts.objects_url =
      url_of(config, config.server.objects_url, config.server.objects_listen, parts.objects_server->port());
  return {};
}

}  // namespace hoist::app
