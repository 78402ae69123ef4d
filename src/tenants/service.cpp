#include "tenants/service.hpp"

#include "base/log.hpp"
#include "base/try.hpp"

namespace hoist::tenants {
namespace {

constexpr auto session_life = std::chrono::hours{12};

}  // namespace

std::int64_t UsageReport::percent() const {
  if (limits.storage_bytes_max <= 0) return 100;
  return static_cast<std::int64_t>(static_cast<double>(used.bytes) * 100.0 /
                                   static_cast<double>(limits.storage_bytes_max));
}

Result<void> Service::record(sql::Transaction& tx, CallContext const& call, std::string action,
                             std::string subject, json::object details, std::string outcome) {
  auto entry = audit_entry(call, std::move(action), std::move(subject), std::move(details));
  entry.outcome = std::move(outcome);
  return needs_.audit.record(tx, std::move(entry));
}

Async<> Service::own_tenant_only(CallContext const& call, TenantId const& tenant, std::string_view what) {
  if (tenant == call.caller.tenant) co_return Result<void>{};
  auto const recorded = co_await needs_.database.write(
      Scope::tenant(call.caller.tenant),
      [&](sql::Transaction& tx) {
        return record(tx, call, std::string{what}, tenant.str(), {{"reason", "another tenant"}}, "refused");
      },
      call.deadline);
  // The answer must not depend on whether the trail could be written.
  if (!recorded)
    log::error("a refused request is missing in the audit trail",
               {{"request_id", call.request_id}, {"cause", recorded.error().to_string()}});
  co_return fail(Code::not_found, "There is no such tenant.");
}

Async<Tenant> Service::find(CallContext call, TenantId tenant) {
  CO_CHECK(co_await own_tenant_only(call, tenant, "tenant.read"));
  co_return co_await needs_.database.read(
      Scope::tenant(tenant), [&](sql::Transaction& tx) { return needs_.tenants.find(tx, tenant); },
      call.deadline);
}

Result<Tickets::Issued> Service::stream_ticket(Caller caller) {
  return needs_.tickets.issue(std::move(caller), Tickets::Purpose::stream);
}

Async<Session> Service::sign_in(std::string ticket, CallContext call) {
  auto const address = call.caller.address;
  CO_TRY(call.caller, needs_.tickets.redeem(ticket, Tickets::Purpose::sign_in));
  call.caller.address = address;
  auto const now = needs_.clock.now();
  auto const& caller = call.caller;
  auto session = Session{needs_.keys.mint(caller.tenant, caller.user, caller.role, session_life, now),
                         now + session_life};
  CO_TRY(auto const minted, needs_.keys.verify(session.token, now));
  CO_CHECK(co_await needs_.database.write(
      Scope::tenant(caller.tenant),
      [&](sql::Transaction& tx) {
        return record(tx, call, "session.started", minted.credential_id,
                      {{"user", caller.user.str()},
                       {"role", to_string(caller.role)},
                       {"expires_at", to_rfc3339(session.expires_at)}});
      },
      call.deadline));
  co_return session;
}

Async<> Service::sign_out(CallContext call) {
  auto const& caller = call.caller;
  if (!caller.expires_at) co_return fail(Code::conflict, "An API key has no session; revoke it by its id.");
  CO_CHECK(co_await needs_.database.write(
      Scope::tenant(caller.tenant),
      [&](sql::Transaction& tx) -> Result<void> {
        CHECK(insert_revoked_token(tx, caller));
        return record(tx, call, "session.ended", caller.credential_id);
      },
      call.deadline));
  needs_.authenticator.forget(caller.tenant, caller.credential_id);
  co_return Result<void>{};
}

Async<UsageReport> Service::usage(CallContext call, TenantId tenant) {
  CO_CHECK(co_await own_tenant_only(call, tenant, "tenant.usage_read"));
  co_return co_await needs_.database.read(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<UsageReport> {
        TRY(auto const found, needs_.tenants.find(tx, tenant));
        TRY(auto const used, needs_.usage.usage(tx, tenant));
        return UsageReport{used, found.limits};
      },
      call.deadline);
}

Async<NewKey> Service::create_key(CallContext call, TenantId tenant, std::string name, Role role,
                                  std::optional<std::chrono::seconds> life) {
  CO_CHECK(co_await own_tenant_only(call, tenant, "key.created"));
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<NewKey> {
        TRY(auto created, insert_key(tx, call.caller, name, role, life));
        auto details = json::object{{"name", name}, {"role", to_string(role)}};
        if (created.key.expires_at) details["expires_at"] = to_rfc3339(*created.key.expires_at);
        CHECK(record(tx, call, "key.created", created.key.id, std::move(details)));
        return created;
      },
      call.deadline);
}

Async<std::vector<ApiKey>> Service::list_keys(CallContext call, TenantId tenant) {
  CO_CHECK(co_await own_tenant_only(call, tenant, "key.listed"));
  co_return co_await needs_.database.read(
      Scope::tenant(tenant), [&](sql::Transaction& tx) { return tenants::list_keys(tx, tenant); },
      call.deadline);
}

Async<> Service::revoke_key(CallContext call, TenantId tenant, std::string key_id) {
  CO_CHECK(co_await own_tenant_only(call, tenant, "key.revoked"));
  CO_CHECK(co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<void> {
        TRY(auto const changed, tenants::revoke_key(tx, tenant, key_id));
        if (!changed) return {};
        return record(tx, call, "key.revoked", key_id);
      },
      call.deadline));
  needs_.authenticator.forget(tenant, key_id);
  co_return Result<void>{};
}

Async<std::vector<AuditRecord>> Service::audit(CallContext call, TenantId tenant, AuditQuery query) {
  CO_CHECK(co_await own_tenant_only(call, tenant, "audit.read"));
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<std::vector<AuditRecord>> {
        CHECK(record(tx, call, "audit.read", tenant.str()));
        return needs_.trail.list(tx, tenant, query);
      },
      call.deadline);
}

}  // namespace hoist::tenants
