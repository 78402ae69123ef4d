// Which server a command talks to, and with which token.
//
// Order  --server and --token (or HOIST_SERVER, HOIST_TOKEN); what they leave open comes from the
//        data folder's cli.json, which `hoist serve` writes for its owner at start.
#pragma once

#include <string>

#include "base/error.hpp"

namespace hoist::cli {

struct ConnectionOptions {
  std::string server;
  std::string token;
  std::string data;  // empty: ./hoist-data if it is there
};

struct Connection {
  std::string api;  // "http://127.0.0.1:8080", no slash at the end
  std::string token;
};

// Errors: invalid (no server is named), unauthenticated (no token is known).
[[nodiscard]] Result<Connection> connect_with(ConnectionOptions const& options);

}  // namespace hoist::cli
