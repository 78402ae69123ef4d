// POST /events, POST /events/batch, GET /events, GET /events/{userId}, GET /events/{userId}/{eventId}.
#pragma once

#include "events/service.hpp"
#include "net/router.hpp"

namespace hoist::events {

struct RouteOptions {
  std::string cursor_key;                      // secret that authenticates list cursors
  std::chrono::milliseconds wait_max{25'000};  // longest long poll
};

void add_routes(net::Router& router, Service& service, RouteOptions options);

// An event as the API shows it.
[[nodiscard]] json::object render(EventView const& view);

}  // namespace hoist::events
