// What the handlers of the event routes share.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "events/routes.hpp"

namespace hoist::events {

struct Context : RouteNeeds {
  RouteOptions options;
};

inline constexpr std::size_t no_body_max = 1024;

using ContextHandler = Async<net::Response>(Context&, net::Request&);

inline void add_route(net::Router& router, std::shared_ptr<Context> const& context, std::string method,
                      std::string pattern, Role role_min, std::size_t body_max, ContextHandler* handler,
                      bool reads_query) {
  auto route = net::Route{};
  route.method = std::move(method);
  route.pattern = std::move(pattern);
  route.role_min = role_min;
  route.body_max = body_max;
  route.reads_query = reads_query;
  router.add(std::move(route),
             [context, handler](net::Request& request) { return handler(*context, request); });
}

// The log that `log` names ("audit", otherwise the events). Exporting either, and reading the audit
// trail, is recorded as "<log>.<verb>" first; "" is for what shows hashes only, or goes on with what
// was recorded. Errors: forbidden for who is no admin.
Async<TenantId> enter_log(Context& context, net::Request& request, std::optional<std::string> log,
                          std::string_view verb);

// Checkpoints, proofs, key, redactions and retention.
void add_evidence_routes(net::Router& router, std::shared_ptr<Context> const& context);

}  // namespace hoist::events
