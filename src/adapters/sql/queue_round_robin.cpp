#include "adapters/sql/queue_round_robin.hpp"

namespace hoist::sql_engine::queue {
namespace {

constexpr auto standing_back_max = std::size_t{10'000};  // tenants remembered per queue
constexpr auto passed_over_max = 8;                      // turns

}  // namespace

std::string RoundRobin::last(std::string const& queue) const {
  auto const lock = Lock{mutex_};
  auto const found = queues_.find(queue);
  return found == queues_.end() ? std::string{} : found->second.last;
}

std::int64_t RoundRobin::debt(std::string const& queue, std::string const& tenant) const {
  auto const lock = Lock{mutex_};
  auto const found = queues_.find(queue);
  if (found == queues_.end()) return 0;
  auto const debt = found->second.debt.find(tenant);
  return debt == found->second.debt.end() ? 0 : debt->second;
}

void RoundRobin::apply(std::string const& queue, Change const& change) {
  auto const lock = Lock{mutex_};
  auto& state = queues_[queue];
  if (change.last) state.last = *change.last;
  for (auto const& [tenant, difference] : change.debts) {
    if (state.debt.size() >= standing_back_max) state.debt.clear();
    auto& debt = state.debt[tenant];
    debt += difference;
    if (debt <= 0) state.debt.erase(tenant);
  }
}

void RoundRobin::pass_over(std::string const& queue, TenantId const& tenant) {
  auto const lock = Lock{mutex_};
  auto& passed_over = queues_[queue].passed_over;
  if (passed_over.size() >= standing_back_max) passed_over.clear();
  ++passed_over[tenant];
}

std::optional<TenantId> RoundRobin::overdue(std::string const& queue) const {
  auto const lock = Lock{mutex_};
  auto const state = queues_.find(queue);
  if (state == queues_.end()) return std::nullopt;
  for (auto const& [tenant, times] : state->second.passed_over)
    if (times >= passed_over_max) return tenant;
  return std::nullopt;
}

void RoundRobin::forget_passing_over(std::string const& queue, TenantId const& tenant) {
  auto const lock = Lock{mutex_};
  queues_[queue].passed_over.erase(tenant);
}

bool FairWalk::come_to(std::string const& tenant, bool alone) {
  change_.last = tenant;
  auto const changed = change_.debts.find(tenant);
  auto const debt = round_robin_.debt(queue_, tenant) +
                    (changed == change_.debts.end() ? std::int64_t{0} : changed->second);
  if (debt <= 0) return true;
  auto const stands_back = !alone && debt > 1;
  change_.debts[tenant] -= stands_back ? 1 : debt;
  return !stands_back;
}

void FairWalk::took(std::string const& tenant, std::int64_t messages) {
  if (messages > 1) change_.debts[tenant] += messages;
}

void FairWalk::keep(sql::Transaction& tx) && {
  if (!change_.last) return;
  tx.after_commit([&turns = round_robin_, queue = std::move(queue_), change = std::move(change_)] {
    turns.apply(queue, change);
  });
}

}  // namespace hoist::sql_engine::queue
