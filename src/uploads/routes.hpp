// The HTTP face of uploads; shapes and codes are in api/openapi.yaml.
#pragma once

#include "net/router.hpp"
#include "uploads/stream.hpp"

namespace hoist::uploads {

// `feed` and its service outlive the router. `recheck` is asked about open streams.
void add_routes(net::Router& router, Feed& feed, Recheck recheck = {});

}  // namespace hoist::uploads
