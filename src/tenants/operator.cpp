#include "tenants/operator.hpp"

#include "base/try.hpp"
#include "tenants/authenticator.hpp"

namespace hoist::tenants {

Caller operator_of(TenantId tenant) {
  auto caller = Caller{};
  caller.tenant = std::move(tenant);
  caller.user = UserId{"operator"};
  caller.role = Role::admin;
  return caller;
}

Result<void> Operator::record(sql::Transaction& tx, TenantId const& tenant, std::string action,
                              std::string subject, json::object details) {
  auto call = CallContext{};
  call.caller = operator_of(tenant);
  return needs_.audit.record(tx,
                             audit_entry(call, std::move(action), std::move(subject), std::move(details)));
}

Async<Tenant> Operator::create(NewTenant tenant, Deadline deadline) {
  co_return co_await needs_.database.write(
      Scope::tenant(tenant.id),
      [&](sql::Transaction& tx) -> Result<Tenant> {
        TRY(auto created, needs_.tenants.insert(tx, tenant));
        CHECK(record(tx, tenant.id, "tenant.created", tenant.id.str()));
        return created;
      },
      deadline);
}

Async<Tenant> Operator::set_types(TenantId tenant, TypeLists lists, Deadline deadline) {
  for (auto* list : {&lists.allowed, &lists.denied}) {
    if (!*list) continue;
    for (auto& entry : **list) {
      auto const type = read_file_type(entry);
      if (!type) co_return fail(Code::invalid, entry + " must be like image/jpeg, image/* or .dwg");
      entry = *type;
    }
  }
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<Tenant> {
        TRY(auto changed, needs_.tenants.set_types(tx, tenant, lists));
        CHECK(record(tx, tenant, "tenant.types_set", tenant.str()));
        return changed;
      },
      deadline);
}

Async<> Operator::allow_unscannable(TenantId tenant, std::optional<bool> allow, Deadline deadline) {
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<void> {
        CHECK(needs_.tenants.allow_unscannable(tx, tenant, allow));
        auto const rule = !allow ? "default" : *allow ? "allow" : "refuse";
        return record(tx, tenant, "tenant.changed", tenant.str(), {{"unscannable", rule}});
      },
      deadline);
}

Async<> Operator::set_language(TenantId tenant, std::optional<Language> language, Deadline deadline) {
  co_return co_await needs_.database.write(
      Scope::tenant(tenant),
      [&](sql::Transaction& tx) -> Result<void> {
        CHECK(needs_.tenants.set_language(tx, tenant, language));
        auto const tag = language ? to_string(*language) : "default";
        return record(tx, tenant, "tenant.changed", tenant.str(), {{"language", tag}});
      },
      deadline);
}

Async<Tenant> Operator::ensure_first(Deadline deadline) {
  auto find_first = [&](sql::Transaction& tx) { return needs_.tenants.first(tx); };
  CO_TRY(auto const present, co_await needs_.database.read(Scope::system(), find_first, deadline));
  if (present) co_return *present;
  auto tenant = NewTenant{};
  tenant.id = TenantId{first_tenant};
  tenant.name = "Main";
  auto created = co_await create(std::move(tenant), deadline);
  if (created || created.error().code() != Code::conflict) co_return created;
  // Another process was first.
  CO_TRY(auto const other, co_await needs_.database.read(Scope::system(), find_first, deadline));
  if (other) co_return *other;
  co_return created;
}

Async<std::string> Operator::mint_token(KeyRing const& keys, TokenRequest request, Deadline deadline) {
  auto const now = needs_.clock.now();
  auto token = keys.mint(request.tenant, request.user, request.role, request.lifetime, now);
  CO_TRY(auto const caller, keys.verify(token, now));
  auto work = [&](sql::Transaction& tx) -> Result<void> {
    CHECK(needs_.tenants.find(tx, request.tenant));
    return record(tx, request.tenant, "token.minted", caller.credential_id,
                  {{"user", request.user.str()},
                   {"role", to_string(request.role)},
                   {"expires_at", to_rfc3339(now + request.lifetime)}});
  };
  CO_CHECK(co_await needs_.database.write(Scope::tenant(request.tenant), work, deadline));
  co_return token;
}

Async<> Operator::revoke_token(Caller token, Deadline deadline) {
  co_return co_await needs_.database.write(
      Scope::tenant(token.tenant),
      [&](sql::Transaction& tx) -> Result<void> {
        CHECK(insert_revoked_token(tx, token));
        return record(tx, token.tenant, "token.revoked", token.credential_id, {{"user", token.user.str()}});
      },
      deadline);
}

}  // namespace hoist::tenants
