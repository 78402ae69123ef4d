// /tenants/{id} and what is under it.
#pragma once

#include "net/router.hpp"
#include "tenants/service.hpp"

namespace hoist::tenants {

// `service` outlives the router.
void add_routes(net::Router& router, Service& service);

}  // namespace hoist::tenants
