// Watching over HTTP: GET /ws (WebSocket) and GET /stream (server-sent events).
//
// WebSocket, all messages JSON text:
//   to us    {"type":"subscribe","topics":["batch:ID", ...],"cursor":N?}
//            {"type":"unsubscribe","topics":[...]}
//   from us  {"type":"ready","cursor":N,"topics":[...]}   first, and after every change of topics
//            {"type":"upload","cursor":N,"at":T,"upload":{...}}
//            {"type":"batch","cursor":N,"at":T,"batch":{...}}
//            {"type":"ping","cursor":N} when idle    {"type":"error","code":...,"message":...}
//   closing  4401 the credential has ended, 4410 the cursor is too old, 1008 a bad message, 1011 our fault
//
// SSE has the same objects as data, their type as event and their cursor as id, so that the
// browser's own Last-Event-ID resumes.
#pragma once

#include <functional>

#include "model/caller.hpp"
#include "net/message.hpp"
#include "uploads/feed.hpp"

namespace hoist::uploads {

// Asked now and then about an open stream, because tokens and keys can be revoked.
// Errors: unauthenticated, forbidden.
using Recheck = std::function<Async<>(Caller)>;

struct StreamNeeds {
  Feed& feed;
  Recheck recheck;
  Clock const& clock;
  Options const& options;
};

Async<net::Response> get_stream(StreamNeeds const& needs, net::Request& request);
Async<net::Response> get_websocket(StreamNeeds const& needs, net::Request& request);

}  // namespace hoist::uploads
