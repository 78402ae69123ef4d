#include "adapters/postgres/locks.hpp"

#include <algorithm>

namespace hoist::postgres {

std::int32_t lock_of(TenantId const& tenant) {
  auto name = std::string_view{tenant.str()};
  if (name.ends_with(audit_log_ending)) name.remove_suffix(audit_log_ending.size());  // its tenant's
  auto hash = std::uint32_t{2'166'136'261};                                           // FNV-1a
  for (auto const c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 16'777'619;
  return static_cast<std::int32_t>(hash >> 1U | 0x4000'0000U);
}

std::vector<std::int32_t> locks_of(Scope const& scope) {
  auto locks = std::vector<std::int32_t>{};
  if (scope.only()) locks.push_back(lock_of(*scope.only()));
  if (scope.claims())
    for (auto const& tenant : *scope.claims()) locks.push_back(lock_of(tenant));
  std::ranges::sort(locks);
  auto const doubles = std::ranges::unique(locks);
  locks.erase(doubles.begin(), doubles.end());
  return locks;
}

std::string batch_of(Scope const& scope) {
  if (scope.only()) return "of " + scope.only()->str();
  if (!scope.claims()) return "of all";
  return scope.claims()->size() == 1 ? "on " + scope.claims()->front().str() : std::string{};
}

}  // namespace hoist::postgres
