// Stands before every route: who is calling, may they, and not too often.
//
// Order    address limit, credential, user limit, role, initiation limit. An address pays for every
//          request, refused ones too; an IPv6 address counts as its /64, which is what one customer
//          of a provider has.
// Answers  401 with WWW-Authenticate, 403, 429 with Retry-After; RateLimit headers of the tightest
//          limit on everything that was counted.
// Source   RFC 6750 (bearer tokens), draft-ietf-httpapi-ratelimit-headers-07 (field names).
#pragma once

#include <string>
#include <string_view>

#include "net/router.hpp"
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
    RateRule initiations_per_user{.limit = 50};
  };
  AccessGate(Authenticator& authenticator, Tickets& tickets, TenantLanguages& languages, RateLimiter& limiter,
             Clock const& clock, Options options);
  Async<Caller> admit(net::Request const& request, net::Route const& route, net::Headers& extra) override;

 private:
  class Budget;
  Async<Caller> identify(net::Request const& request, net::Route const& route);

  Authenticator& authenticator_;
  Tickets& tickets_;
  TenantLanguages& languages_;
  RateLimiter& limiter_;
  Clock const& clock_;
  Options options_;
};

}  // namespace hoist::tenants
