// HTTP requests as API Gateway, function URLs and load balancers hand them to a function, and answers as they
// want them back.
//
// Rule     an event is HTTP by its own shape, never by what a client sent in it.
// Errors   invalid for an event of a known shape that lacks what its shape has.
// Source   "Lambda proxy integrations" (REST API), "payload format version 2.0" (HTTP API, function URLs),
// "Lambda
//          functions as targets" (load balancers).
#pragma once

#include <optional>
#include <string>

#include "base/json.hpp"
#include "net/in_process.hpp"

namespace hoist::aws {

enum class EventShape {
  rest,            // REST API, payload 1.0
  http,            // HTTP API and function URL, payload 2.0
  balancer,        // load balancer, one value a header
  balancer_multi,  // load balancer with multi-value headers
};

struct HttpEvent {
  EventShape shape = EventShape::rest;
  net::RequestParts parts;  // without a deadline
  // The key that the gateway itself checked before it called the function; "" when it checks none. It is of
  // the gateway's own context, which no client writes.
  std::string gateway_key;
};

// Nothing for an event that is no HTTP request. `trace` is the invocation's X-Ray header, "" when there is
// none: it goes on as the request's traceparent, unless that has one.
[[nodiscard]] Result<std::optional<HttpEvent>> read_http_event(json::object const& event,
                                                               std::string_view trace);
[[nodiscard]] json::object write_http_answer(EventShape shape, net::WholeAnswer const& answer);

// "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1" as W3C says it; "" when it is
// none.
[[nodiscard]] std::string traceparent_of(std::string_view xray);

}  // namespace hoist::aws
