// Inside of the server: turns an accepted request into a WebSocket. Not for other folders.
// Source   RFC 6455; masking, reserved bits, control frames and UTF-8 are checked by Beast.
#pragma once

#include <memory>

#include "net/detail/shard.hpp"
#include "net/websocket.hpp"

namespace hoist::net {

class LiveWebSocket : public WebSocket {
 public:
  // Answers 101, or 400 for a handshake that is not one. false: there is no WebSocket.
  virtual asio::awaitable<bool> accept(Request const& request) = 0;
  // Until when the send in progress must be done; max() when there is none.
  [[nodiscard]] virtual Deadline send_deadline() const = 0;
};

[[nodiscard]] std::shared_ptr<LiveWebSocket> make_websocket(Socket stream, ServerOptions const& options);
[[nodiscard]] std::shared_ptr<LiveWebSocket> make_websocket(TlsStream stream, ServerOptions const& options);

}  // namespace hoist::net
