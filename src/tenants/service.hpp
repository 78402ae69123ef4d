// Tenants, their credentials, their use and their audit trail. Every change is recorded in the
// trail in its own transaction.
//
// Threads  any.
// Errors   not_found for every tenant but the caller's own, existing or not.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/call_context.hpp"
#include "ports/audit.hpp"
#include "ports/tenant_usage.hpp"
#include "sql/database.hpp"
#include "tenants/api_keys.hpp"
#include "tenants/authenticator.hpp"
#include "tenants/tenant_table.hpp"
#include "tenants/tickets.hpp"

namespace hoist::tenants {

constexpr int storage_warning_percent = 80;

struct UsageReport {
  Usage used;
  TenantLimits limits;
  [[nodiscard]] std::int64_t percent() const;  // of the storage, rounded down
  [[nodiscard]] bool warning() const { return percent() >= storage_warning_percent; }
};

struct Session {
  std::string token;
  Time expires_at;
};

class Service {
 public:
  struct Needs {
    sql::Database& database;
    TenantTable& tenants;
    Audit& audit;
    AuditTrail& trail;
    TenantUsage& usage;
    Authenticator& authenticator;
    KeyRing const& keys;
    Tickets& tickets;
    Clock const& clock;
  };
  explicit Service(Needs needs) : needs_{needs} {}

  Async<Tenant> find(CallContext call, TenantId tenant);
  // For the streams' addresses. Errors: unavailable when there are too many.
  Result<Tickets::Issued> stream_ticket(Caller caller);
  // A token for the page, from a ticket that was issued for signing in. Errors: unauthenticated.
  Async<Session> sign_in(std::string ticket, CallContext call);
  // The token of this request ends. Errors: conflict for an API key, which is revoked by its id.
  Async<> sign_out(CallContext call);
  Async<UsageReport> usage(CallContext call, TenantId tenant);
  // With a `life` it ends by itself.
  Async<NewKey> create_key(CallContext call, TenantId tenant, std::string name, Role role,
                           std::optional<std::chrono::seconds> life = {});
  Async<std::vector<ApiKey>> list_keys(CallContext call, TenantId tenant);
  Async<> revoke_key(CallContext call, TenantId tenant, std::string key_id);
  // Reading the trail is itself in the trail.
  Async<std::vector<AuditRecord>> audit(CallContext call, TenantId tenant, AuditQuery query);

 private:
  // Records an attempt on another tenant in the caller's own trail, then answers not_found.
  Async<> own_tenant_only(CallContext const& call, TenantId const& tenant, std::string_view what);
  Result<void> record(sql::Transaction& tx, CallContext const& call, std::string action, std::string subject,
                      json::object details = {}, std::string outcome = "ok");

  Needs needs_;
};

}  // namespace hoist::tenants
