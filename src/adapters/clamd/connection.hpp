// One connection to clamd, whose operations all end at one deadline.
// Errors   unavailable, for whatever keeps clamd from answering.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/async.hpp"

namespace hoist::clamd {

class Connection {
 public:
  Connection(asio::any_io_executor const& executor, Deadline deadline);
  ~Connection();
  Connection(Connection const&) = delete;

  Async<> connect(std::string path);
  Async<> write(std::string_view bytes);
  // A command of clamd(8) without its prefix and its end.
  Async<> command(std::string_view name);
  // Up to the NUL that ends it, which is left out.
  Async<std::string> read_reply();

 private:
  struct Socket;
  std::shared_ptr<Socket> socket_;
};

// PING of clamd(8). Its main loop answers, so also while all its threads scan.
Async<> ping(std::string socket, Deadline deadline);

}  // namespace hoist::clamd
