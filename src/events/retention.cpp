#include "events/retention.hpp"

#include "base/encode.hpp"
#include "base/log.hpp"
#include "base/try.hpp"
#include "model/audit_log.hpp"

namespace hoist::events {
namespace {

constexpr int step_events = 1000;  // that one transaction removes

}  // namespace

Result<std::chrono::seconds> Retention::get(sql::Transaction& tx, TenantId const& tenant) {
  TRY(auto const rows, tx.query("SELECT keep_s FROM event_retention WHERE tenant = $1", {tenant.str()}));
  if (!rows.empty()) return std::chrono::seconds{rows[0].integer(0)};
  return is_audit_log(tenant) ? std::chrono::seconds{0} : standard_;
}

Result<void> Retention::set(sql::Transaction& tx, TenantId const& tenant, std::chrono::seconds keep) {
  CHECK(
      tx.execute("INSERT INTO event_retention (tenant, keep_s) VALUES ($1, $2) "
                 "ON CONFLICT (tenant) DO UPDATE SET keep_s = $2",
                 {tenant.str(), std::int64_t{keep.count()}}));
  return {};
}

Result<std::int64_t> Retention::retire_step(sql::Transaction& tx, TenantId const& tenant, Time before,
                                            std::int64_t covered) {
  TRY(auto const head, needs_.index.head(tx, tenant));
  auto query = EventQuery{};
  query.tenant = tenant;
  query.after = head.first_sequence - 1;
  query.limit = step_events;
  TRY(auto const events, needs_.index.list(tx, query));
  auto first_kept = head.first_sequence;
  for (auto const& event : events) {
    if (event.facts.received_at >= before || event.facts.sequence > covered) break;
    CHECK(tx.execute("INSERT INTO event_tiles (tenant, level, position, hash) VALUES ($1, 0, $2, $3)",
                     {tenant.str(), event.facts.sequence - 1, base64url(event_leaf(event.facts))}));
    first_kept = event.facts.sequence + 1;
  }
  return needs_.index.retire(tx, tenant, first_kept);
}

Async<std::int64_t> Retention::retire(TenantId tenant, Time before, Deadline deadline) {
  CO_TRY(auto const checkpoint, co_await needs_.checkpoints.make(tenant, deadline));
  auto total = std::int64_t{0};
  while (true) {
    CO_TRY(auto const first, co_await first_of(tenant, deadline));
    CO_CHECK(needs_.checkpoints.allow_cut(tenant, std::min(first + step_events, checkpoint.size + 1)));
    auto work = [&](sql::Transaction& tx) { return retire_step(tx, tenant, before, checkpoint.size); };
    CO_TRY(auto const removed, co_await needs_.database.write(Scope::tenant(tenant), work, deadline));
    total += removed;
    if (removed < step_events) break;
  }
  CO_TRY(auto const first, co_await first_of(tenant, deadline));
  CO_CHECK(needs_.checkpoints.allow_cut(tenant, first));
  co_return total;
}

Async<std::int64_t> Retention::first_of(TenantId const& tenant, Deadline deadline) {
  auto work = [&](sql::Transaction& tx) { return needs_.index.head(tx, tenant); };
  CO_TRY(auto const head, co_await needs_.database.read(Scope::tenant(tenant), work, deadline));
  co_return head.first_sequence;
}

Async<> Retention::sweep(Deadline deadline) {
  using Due = std::vector<std::pair<TenantId, Time>>;
  auto find_due = [&](sql::Transaction& tx) -> Result<Due> {
    auto due = Due{};
    auto const now = tx.now();
    TRY(auto const tenants, needs_.index.tenants(tx));
    for (auto const& tenant : tenants) {
      TRY(auto const keep, get(tx, tenant));
      if (keep.count() == 0) continue;
      TRY(auto const head, needs_.index.head(tx, tenant));
      auto query = EventQuery{};
      query.tenant = tenant;
      query.after = head.first_sequence - 1;
      query.limit = 1;
      TRY(auto const oldest, needs_.index.list(tx, query));
      if (!oldest.empty() && oldest.front().facts.received_at < now - keep)
        due.emplace_back(tenant, now - keep);
    }
    return due;
  };
  CO_TRY(auto const due, co_await needs_.database.read(Scope::system(), find_due, deadline));
  auto outcome = Result<void>{};
  for (auto const& [tenant, before] : due) {
    auto const removed = co_await retire(tenant, before, deadline);
    if (removed)
      log::info("events past their retention were removed",
                {{"tenant", tenant.str()}, {"events", std::to_string(*removed)}});
    else
      outcome = std::unexpected{removed.error()};
  }
  co_return outcome;  // a tenant whose log is damaged does not stop the others
}

}  // namespace hoist::events
