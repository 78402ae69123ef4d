// Requests that come by another way than a socket, as events of a function do, and answers that go back that
// way.
//
// Promise  what a listener refuses is refused here, with the same words, and what it adds to answers is
// added: a
//          handler cannot tell the ways apart, nor can who asked, but for Date, Connection and the framing.
// Limits   those of a listener for the head; the body is there already. An answer of answer_bytes_max.
// Threads  any.
#pragma once

#include "net/message.hpp"

namespace hoist::net {

struct RequestParts {
  std::string method;
  std::string target;  // path and query, encoded
  Headers headers;     // Content-Length and Transfer-Encoding are not looked at: the body says it
  std::string body;
  std::string remote_address;
  Deadline deadline;
  Caller caller =
      {};  // whom that way itself has made sure of, for a gate that believes it; empty: no one was checked
};

// What goes back: no stream, and the headers that a listener would have sent.
struct WholeAnswer {
  int status = 200;
  Headers headers;
  std::string body;
};

// Has `handler` answer. One that streams is read to its end; one that is longer than `bytes_max`, or that
// would become a WebSocket, is a problem instead.
asio::awaitable<WholeAnswer> answer_in_process(Handler& handler, RequestParts parts, std::size_t bytes_max);

}  // namespace hoist::net
