// The advisory locks that make writes serial in the order of their commits; see database.hpp.
#pragma once

#include <cstdint>

#include "model/scope.hpp"

namespace hoist::postgres {

// All locks of Hoist are of this class; the keys of tenants are above those named here.
inline constexpr auto lock_class = std::int32_t{0x686F'6973};
inline constexpr auto everything_lock = std::int32_t{0};  // shared by who writes for one tenant
inline constexpr auto clock_lock = std::int32_t{1};

// Of writes of this scope: everything_lock for those of the system. Two tenants may share one.
[[nodiscard]] std::int32_t lock_of(Scope const& scope);

}  // namespace hoist::postgres
