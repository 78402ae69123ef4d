// What the operator of an installation does, beside a running server or in it; no request reaches this.
// Every change is recorded in the tenant's trail in its own transaction.
//
// Threads  any.
#pragma once

#include "ports/audit.hpp"
#include "sql/database.hpp"
#include "tenants/key_ring.hpp"
#include "tenants/tenant_table.hpp"

namespace hoist::tenants {

// Of an installation that was told of no tenant.
inline constexpr auto first_tenant = "main";

struct TokenRequest {
  TenantId tenant;
  UserId user;
  Role role = Role::viewer;
  std::chrono::seconds lifetime{};
};

// The operator, who has the data folder in front of him, as the audit trail names him.
[[nodiscard]] Caller operator_of(TenantId tenant);

class Operator {
 public:
  struct Needs {
    sql::Database& database;
    TenantTable const& tenants;
    Audit& audit;
    Clock const& clock;
  };
  explicit Operator(Needs needs) : needs_{needs} {}

  // Errors: conflict when the name is taken.
  Async<Tenant> create(NewTenant tenant, Deadline deadline);
  // Errors: not_found, invalid for an entry that read_file_type() does not
  // know.
  Async<Tenant> set_types(TenantId tenant, TypeLists lists, Deadline deadline);
  // What becomes of files that the virus scanner cannot look into; absent: as the installation does.
  // Errors: not_found.
  Async<> allow_unscannable(TenantId tenant, std::optional<bool> allow, Deadline deadline);
  // Of answers to requests that name none; absent: as the installation does. Errors: not_found.
  Async<> set_language(TenantId tenant, std::optional<Language> language, Deadline deadline);
  Async<Tenant> ensure_first(Deadline deadline);  // the oldest tenant, or a new one, first_tenant
  // A token that the trail knows. Errors: not_found when there is no such tenant: every route would
  // refuse its token, and nothing would say why.
  Async<std::string> mint_token(KeyRing const& keys, TokenRequest request, Deadline deadline);
  // As KeyRing::verify read it. Servers refuse it within Authenticator's `recheck`.
  Async<> revoke_token(Caller token, Deadline deadline);

 private:
  Result<void> record(sql::Transaction& tx, TenantId const& tenant, std::string action, std::string subject,
                      json::object details = {});

  Needs needs_;
};

}  // namespace hoist::tenants
