// The HTTP face of tasks; shapes and codes are in api/openapi.yaml.
#pragma once

#include "net/router.hpp"
#include "tasks/intake.hpp"
#include "tasks/service.hpp"

namespace hoist::tasks {

// `service` outlives the router.
void add_routes(net::Router& router, Service& service, Clock const& clock);

// POST /tasks alone, where tasks have no rows. `intake` outlives the router.
void add_intake_route(net::Router& router, Intake& intake);

}  // namespace hoist::tasks
