// The sockets of a server.
#pragma once

#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "base/runtime.hpp"
#include "hosts/config.hpp"
#include "net/server.hpp"

namespace hoist::hosts {

struct Listener {
  std::string name;
  std::string where;       // "127.0.0.1:8080"
  std::string public_url;  // as users reach it; empty: as listened on
  std::chrono::milliseconds request_timeout = net::ServerOptions{}.request_timeout;
};

// Of each of two listeners, as far as the system's limit of open files carries them. Errors: unavailable.
[[nodiscard]] Result<std::size_t> connections_max(Config const& config);

// Binds; start() is the caller's. `handler` outlives it.
[[nodiscard]] Result<std::unique_ptr<net::Server>> listen(Config const& config, Listener const& listener,
                                                          std::size_t connections, Runtime& runtime,
                                                          net::Handler& handler, Metrics& metrics);

// As users reach a listener that got `port`.
[[nodiscard]] std::string url_of(Config const& config, Listener const& listener, std::uint16_t port);

}  // namespace hoist::hosts
