// Stands before every route: who is calling, may they, and not too often.
//
// Order    address limit, credential, limits of user and tenant, X-Tenant-ID, role, initiation limit. An
// address pays for
//          every request, refused ones too; an IPv6 address counts as its /64, which is what one customer
//          of a provider has.
// Tenant   the credential's. A header X-Tenant-ID may say it again; another one is refused and recorded in
// the
//          credential's tenant.
// Answers  401 with WWW-Authenticate, 403, 429 with Retry-After; RateLimit headers of the tightest
//          limit on everything that was counted.
// Source   RFC 6750 (bearer tokens), draft-ietf-httpapi-ratelimit-headers-07 (field names).
#pragma once

#include <string>
#include <string_view>

#include "net/router.hpp"
#include "ports/audit.hpp"
#include "ports/rate_limiter.hpp"
#include "tenants/authenticator.hpp"
#include "tenants/tenant_languages.hpp"
#include "tenants/tickets.hpp"

namespace hoist::tenants {

class AccessGate final : public net::Gate {
 public:
  struct Options {
    RateRule per_address{.limit = 1000};
    RateRule per_user{.limit = 100};
    RateRule per_tenant{.limit = 1'000'000};
    RateRule initiations_per_user{.limit = 50};
  };
  struct Needs {
    Authenticator& authenticator;
    Tickets& tickets;
    TenantLanguages& languages;
    RateLimiter& limiter;
    sql::Database& database;
    Audit& audit;
    Clock const& clock;
  };
  AccessGate(Needs needs, Options options) : needs_{needs}, options_{options} {}
  Async<Caller> admit(net::Request const& request, net::Route const& route, net::Headers& extra) override;

 private:
  class Budget;
  Async<Caller> identify(net::Request const& request, net::Route const& route);

  Async<> check_named_tenant(net::Request const& request, net::Route const& route, Caller const& caller);

  Needs needs_;
  Options options_;
};

}  // namespace hoist::tenants
