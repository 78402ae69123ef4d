// A gate for the tests of routes: the caller is whom the headers x-test-tenant, x-test-user and
// x-test-role name (admin "tester" of tenant "acme" when absent). Roles are checked as the real
// gate does; nothing is counted.
#pragma once

#include <string>
#include <string_view>

#include "net/router.hpp"

namespace hoist::testing {

class AllowGate final : public net::Gate {
 public:
  Async<Caller> admit(net::Request const& request, net::Route const& route, net::Headers&) override {
    auto const header = [&](std::string_view name, std::string_view fallback) {
      return std::string{request.headers.has(name) ? request.headers.get(name) : fallback};
    };
    auto caller = Caller{};
    caller.tenant = TenantId{header("x-test-tenant", "acme")};
    caller.user = UserId{header("x-test-user", "tester")};
    caller.role = parse_role(header("x-test-role", "admin")).value_or(Role::viewer);
    caller.credential_id = "test";
    caller.address = request.remote_address;
    if (route.role_min && caller.role < *route.role_min) co_return fail(Code::forbidden);
    co_return caller;
  }
};

}  // namespace hoist::testing
