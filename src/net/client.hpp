// An HTTP/1.1 client with a keep-alive pool per host.
// Redirects are not followed, no proxy of the environment is used, and certificates are verified.
//
// Threads  one: the executor its calls run on.   Lifetime  it ends before that executor's context,
//          for its pool holds sockets of it.
// Errors   unavailable (cannot connect, broken off), timeout, too_large (the response), forbidden
//          (no address passed address_allowed), invalid (the URL). A non-2xx status is not an error.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/message.hpp"

namespace hoist::net {

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http:// or https://
  Headers headers;
  std::string body;
  std::shared_ptr<BodySource> stream;  // instead of body; needs stream_length
  std::optional<std::int64_t> stream_length;
  // The receiver may safely see it twice, whatever its method: sent again on a new connection when a pooled
  // one was closed before anything of the answer came. A `stream` is never repeated.
  bool repeatable = false;
  std::size_t response_bytes_max = 16 * 1024 * 1024;
  // When set, the body of a 2xx goes here instead of into the response.
  std::function<Async<>(std::string_view)> sink;
};

struct ClientOptions {
  std::size_t connections_per_host = 64;
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds idle_timeout{30'000};
  // How long nothing may move on a connection in use; absent: only a call's deadline counts.
  std::optional<std::chrono::milliseconds> stall_timeout;
  // Vets the resolved address before connecting (SSRF); absent: every address is fine.
  std::function<bool(std::string const& address)> address_allowed;
  std::string ca_file;  // PEM of the authorities to trust; empty: the system's
};

class Client {
 public:
  explicit Client(ClientOptions options = {});
  ~Client();
  Async<Response> send(ClientRequest request, Deadline deadline);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace hoist::net
