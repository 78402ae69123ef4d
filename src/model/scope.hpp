// Whose rows a piece of work may see: those of one tenant, or all.
//
// What may see all says besides what it keeps to itself while it writes: everything, or what belongs to the
// tenants that it claims, so that work on other tenants goes on beside it.
//
// It is named at every transaction. There is no default and no conversion from a tenant, so that
// work without a tenant is never mistaken for work that may see everything.
#pragma once

#include <algorithm>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include "model/audit_log.hpp"

namespace hoist {

class Scope {
 public:
  [[nodiscard]] static Scope tenant(TenantId id) { return Scope{std::move(id)}; }
  // Work that belongs to no tenant: watchdogs, workers, operators. Never reachable by a request.
  [[nodiscard]] static Scope system() { return Scope{std::nullopt}; }

  // Work of the system on what belongs to these tenants, and to those that its transaction claims on its way
  // (sql::Transaction::claim). It reads and changes nothing of any other tenant.
  [[nodiscard]] static Scope claiming(std::vector<TenantId> ids) {
    auto scope = Scope::system();
    scope.claims_ = std::move(ids);
    return scope;
  }

  // Empty: all of them.
  [[nodiscard]] std::optional<TenantId> const& only() const { return only_; }
  // Empty: nothing else is written meanwhile, unless it is of one tenant.
  [[nodiscard]] std::optional<std::vector<TenantId>> const& claims() const { return claims_; }
  [[nodiscard]] bool claims(TenantId const& id) const {
    return claims_ && std::ranges::find(*claims_, id) != claims_->end();
  }
  // A tenant's audit trail is its own.
  [[nodiscard]] bool covers(TenantId const& id) const {
    return !only_ || *only_ == id || audit_log_of(*only_) == id;
  }

 private:
  explicit Scope(std::optional<TenantId> only) : only_{std::move(only)} {}
  std::optional<TenantId> only_;
  std::optional<std::vector<TenantId>> claims_;
};

static_assert(!std::is_default_constructible_v<Scope>);
static_assert(!std::is_convertible_v<TenantId, Scope> && !std::is_constructible_v<Scope, TenantId>);

}  // namespace hoist
