#include "hosts/listeners.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "base/resources.hpp"
#include "base/try.hpp"

namespace hoist::hosts {

// Every request of objects may hold a file too. What is left is for databases, scans and children:
// connections that took it would fail files that were acknowledged.
Result<std::size_t> connections_max(Config const& config) {
  constexpr std::size_t for_the_rest = 64;
  constexpr std::size_t descriptors_per_connection = 3;
  constexpr std::size_t fewest = 4;
  auto const limit = raise_descriptor_limit();
  auto const taken = open_descriptors() + for_the_rest;
  auto const wanted = config.server.connections_max;
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

Result<std::unique_ptr<net::Server>> listen(Config const& config, Listener const& listener,
                                            std::size_t connections, Runtime& runtime, net::Handler& handler,
                                            Metrics& metrics) {
  TRY(auto const endpoint, parse_endpoint(listener.where));
  auto options = net::ServerOptions{};
  options.name = listener.name;
  options.address = endpoint.address;
  options.port = endpoint.port;
  options.connections_max = connections;
  options.connections_per_address_max = config.server.connections_per_address_max;
  options.tls_certificate_file = config.server.tls_certificate_file;
  options.tls_key_file = config.server.tls_key_file;
  options.trusted_proxies = config.server.trusted_proxies;
  options.request_timeout = listener.request_timeout;
  return net::Server::open(std::move(options), runtime, handler, metrics);
}

std::string url_of(Config const& config, Listener const& listener, std::uint16_t port) {
  if (!listener.public_url.empty()) return listener.public_url;
  auto const address = listener.where.substr(0, listener.where.rfind(':'));
  return fmt::format("{}://{}:{}", config.server.tls_key_file.empty() ? "http" : "https", address, port);
}

}  // namespace hoist::hosts
