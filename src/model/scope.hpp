// Whose rows a piece of work may see: those of one tenant, or all.
//
// It is named at every transaction. There is no default and no conversion from a tenant, so that
// work without a tenant is never mistaken for work that may see everything.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "model/audit_log.hpp"

namespace hoist {

class Scope {
 public:
  [[nodiscard]] static Scope tenant(TenantId id) { return Scope{std::move(id)}; }
  // Work that belongs to no tenant: watchdogs, workers, operators. Never reachable by a request.
  [[nodiscard]] static Scope system() { return Scope{std::nullopt}; }

  // Empty: all of them.
  [[nodiscard]] std::optional<TenantId> const& only() const { return only_; }
  // A tenant's audit trail is its own.
  [[nodiscard]] bool covers(TenantId const& id) const {
    return !only_ || *only_ == id || audit_log_of(*only_) == id;
  }

 private:
  explicit Scope(std::optional<TenantId> only) : only_{std::move(only)} {}
  std::optional<TenantId> only_;
};

static_assert(!std::is_default_constructible_v<Scope>);
static_assert(!std::is_convertible_v<TenantId, Scope> && !std::is_constructible_v<Scope, TenantId>);

}  // namespace hoist
