// The HTTP face of dead letters; shapes and codes are in api/openapi.yaml.
#pragma once

#include "dead_letters/admin.hpp"
#include "net/router.hpp"

namespace hoist::dead_letters {

// `admin` outlives the router.
void add_routes(net::Router& router, DeadLetterAdmin& admin);

}  // namespace hoist::dead_letters
