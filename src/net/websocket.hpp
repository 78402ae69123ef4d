// A WebSocket connection, server side. Used by one coroutine for receive and one for send.
#pragma once

#include <string>

#include "base/async.hpp"

namespace hoist::net {

class WebSocket {
 public:
  virtual ~WebSocket() = default;
  virtual Async<> send(std::string text) = 0;  // waits until written; errors: unavailable when closed
  virtual Async<std::string> receive() = 0;    // one text message; errors: unavailable when closed
  virtual Async<> close(int code, std::string reason) = 0;
  virtual void abort() = 0;  // drops the connection; any thread of its executor
};

}  // namespace hoist::net
