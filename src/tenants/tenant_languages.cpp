#include "tenants/tenant_languages.hpp"

namespace hoist::tenants {
namespace {

constexpr auto read_again = std::chrono::seconds{2};

}  // namespace

std::optional<TenantLanguages::Entry> TenantLanguages::known(std::string const& tenant) {
  auto const lock = Lock{mutex_};
  auto const* const entry = known_.find(tenant);
  if (entry == nullptr || entry->read_at > clock_.now() || clock_.now() >= entry->read_at + read_again)
    return std::nullopt;
  return *entry;
}

asio::awaitable<std::optional<Language>> TenantLanguages::of(TenantId tenant, Deadline deadline) {
  if (auto const entry = known(tenant.str())) co_return entry->language;
  auto const found = co_await database_.read(
      Scope::tenant(tenant), [&](sql::Transaction& tx) { return tenants_.find(tx, tenant); }, deadline);
  if (!found) co_return std::nullopt;
  auto const lock = Lock{mutex_};
  known_.put(tenant.str(), {found->language, clock_.now()});
  co_return found->language;
}

}  // namespace hoist::tenants
