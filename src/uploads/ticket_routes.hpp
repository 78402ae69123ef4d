// The HTTP face of upload tickets; shapes and codes are in api/openapi.yaml. What stands below /t needs no
// credential but the ticket in its path, which is never logged (net/router.cpp).
#pragma once

#include "net/router.hpp"
#include "uploads/options.hpp"
#include "uploads/upload_tickets.hpp"

namespace hoist::uploads {

// All that it refers to outlives the router.
struct TicketRouteNeeds {
  UploadTickets& tickets;
  Options const& options;
};
void add_ticket_routes(net::Router& router, TicketRouteNeeds needs);

}  // namespace hoist::uploads
