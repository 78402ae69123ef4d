// The advisory locks that make writes serial in the order of their commits; see database.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/scope.hpp"

namespace hoist::postgres {

// All locks of Hoist are of this class; the keys of tenants are above those named here.
inline constexpr auto lock_class = std::int32_t{0x686F'6973};
inline constexpr auto everything_lock = std::int32_t{0};  // shared by who writes for tenants
inline constexpr auto clock_lock = std::int32_t{1};

// Two tenants may share one.
[[nodiscard]] std::int32_t lock_of(TenantId const& tenant);

// Of the tenants that a write of this scope begins with, in the order in which everybody takes them. One that
// is not for tenants takes the lock of everything, and none of these.
[[nodiscard]] std::vector<std::int32_t> locks_of(Scope const& scope);

// What a write that waits has in common with those that may share its transaction: the scope that is in force
// for it. Empty: it shares with nobody.
[[nodiscard]] std::string batch_of(Scope const& scope);

}  // namespace hoist::postgres
