// The event log over HTTP:
//
//   POST /events, POST /events/batch         record
//   GET  /events                             all of a tenant's, as pages, a tail, NDJSON or CSV (admins)
//   GET  /events/{userId}[/{eventId}]        one user's
//   GET  /event-checkpoints, /event-key      signed statements and the key that checks them
//   GET  /event-proofs/inclusion|consistency Merkle proofs
//   POST /event-redactions                   erases (admins)
//   GET, PUT /event-retention                how long events are kept (PUT: admins)
//
// With ?log=audit the admin's routes and the proofs speak of the tenant's audit trail instead, and
// reading it is itself recorded there.
#pragma once

#include "base/cursor.hpp"
#include "events/export.hpp"
#include "events/retention.hpp"
#include "net/router.hpp"
#include "ports/audit.hpp"

namespace hoist::events {

struct RouteOptions {
  Cursors cursors;
  std::chrono::milliseconds wait_max{25'000};  // longest long poll
};

struct RouteNeeds {
  Service& service;
  Checkpoints& checkpoints;
  Retention& retention;
  Exports& exports;
  Audit& audit;
  sql::Database& database;
  Wakeups& wakeups;
  Clock const& clock;
};

// All of `needs` outlives the router.
void add_routes(net::Router& router, RouteNeeds needs, RouteOptions options);

// An event as the API shows it.
[[nodiscard]] json::object render(EventView const& view);

}  // namespace hoist::events
