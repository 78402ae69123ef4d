// An HTTP/1.1 listener: one accept loop, connections spread over the runtime's threads.
//
// Bounds   every limit below is answered, not exceeded: 431, 414, 413, 408, 503; so is a process that
//          has no descriptor left.
// Framing  whatever two parties could read differently is refused and the connection closed
//          (RFC 9112 section 6.3); see admit.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "base/runtime.hpp"
#include "model/limits.hpp"
#include "net/message.hpp"

namespace hoist::net {

struct ServerOptions {
  std::string name;  // metric label: "api" or "objects"
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  // 0: any free one
  std::size_t connections_max = 4096;
  std::size_t connections_per_address_max = 1024;  // of a peer that is no trusted proxy
  std::size_t header_bytes_max = 32 * 1024;
  std::size_t target_bytes_max = 8 * 1024;
  std::size_t header_fields_max = 100;
  std::int64_t body_bytes_max = std::int64_t{5} << 30;
  std::chrono::milliseconds header_timeout{10'000};  // whole header
  std::chrono::milliseconds idle_timeout{60'000};    // between requests, and between body bytes
  std::chrono::milliseconds request_timeout{
      limits::request_time_max};     // Request::deadline; 0 for none (objects)
  std::string tls_certificate_file;  // PEM; both empty: plain HTTP
  std::string tls_key_file;
  std::vector<std::string> trusted_proxies;  // addresses whose X-Forwarded-For is believed
};

// Errors: invalid for files that are no certificate with its key, or a key that others may read.
[[nodiscard]] Result<void> check_tls_files(std::string const& certificate_file, std::string const& key_file);

class Server {
 public:
  // Errors: unavailable when the address cannot be bound, invalid for an unusable certificate.
  static Result<std::unique_ptr<Server>> open(ServerOptions options, Runtime& runtime, Handler& handler,
                                              Metrics& metrics);
  ~Server();
  [[nodiscard]] std::uint16_t port() const;
  void start();
  // Stops accepting, lets what is in flight finish within `grace`, then closes. Blocks.
  void stop(std::chrono::milliseconds grace);

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace hoist::net
