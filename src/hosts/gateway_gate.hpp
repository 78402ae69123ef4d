// Stands before the routes of a function behind a gateway: whom the gateway's own keys have let in is a
// member of one tenant; everybody else shows Hoist's credentials to the gate behind.
//
// Promise  only the way in says what the gateway made sure of; a header never does.
// Threads  any.   Lifetime  the gate behind outlives it.
#pragma once

#include "net/router.hpp"

namespace hoist::hosts {

class GatewayGate final : public net::Gate {
 public:
  GatewayGate(net::Gate& behind, TenantId tenant) : behind_{behind}, tenant_{std::move(tenant)} {}

  Async<Caller> admit(net::Request const& request, net::Route const& route, net::Headers& extra) override {
    auto const& key = request.caller.credential_id;
    if (key.empty() || request.headers.has("Authorization"))
      co_return co_await behind_.admit(request, route, extra);
    auto caller = Caller{};
    caller.tenant = tenant_;
    caller.user = UserId{"gateway-key:" + key};
    caller.role = Role::member;
    caller.credential_id = key;
    caller.address = request.remote_address;
    if (route.role_min && caller.role < *route.role_min)
      co_return fail(Code::forbidden, "A key of the gateway may not do this.");
    co_return caller;
  }

 private:
  net::Gate& behind_;
  TenantId tenant_;
};

// Knows nobody: behind a gateway whose keys are the only credentials, where there are no rows to check any
// other against.
class ClosedGate final : public net::Gate {
 public:
  Async<Caller> admit(net::Request const&, net::Route const&, net::Headers&) override {
    co_return fail(
        Error{Code::unauthenticated, "Send a key of the gateway in the header X-Api-Key, and no token."}
            .with_slug("token_missing"));
  }
};

}  // namespace hoist::hosts
