// Policies, limits, backoff and turns: the parts of the engine that need no transaction.
#include <algorithm>
#include <cmath>

#include "adapters/sql/queue_engine.hpp"

namespace hoist::sql_engine::queue {
namespace {

constexpr auto standing_back_max = std::size_t{10'000};  // tenants remembered per queue

bool is_name(std::string const& text) {
  auto const visible = [](unsigned char c) { return c >= 0x21 && c <= 0x7E; };
  return !text.empty() && text.size() <= queue_name_bytes_max && std::ranges::all_of(text, visible);
}

constexpr auto name_rule = "must be 1 to 128 visible ASCII characters";

}  // namespace

bool same_policy(QueuePolicy const& a, QueuePolicy const& b) {
  return a.attempts_max == b.attempts_max && a.backoff_base == b.backoff_base &&
         a.backoff_max == b.backoff_max && a.on_dead == b.on_dead && a.depth_max == b.depth_max &&
         a.retention == b.retention && a.dead_retention == b.dead_retention &&
         a.dedup_window == b.dedup_window && a.dedup_scope == b.dedup_scope &&
         a.content_dedup == b.content_dedup && a.forget_group == b.forget_group &&
         static_cast<bool>(a.observe) == static_cast<bool>(b.observe);
}

Result<void> check_outgoing(Outgoing const& message) {
  if (!is_name(message.queue)) return invalid_field("queue", name_rule);
  if (!is_name(message.group)) return invalid_field("group", name_rule);
  if (!message.dedup_key.empty() && !is_name(message.dedup_key)) return invalid_field("dedup_key", name_rule);
  if (message.delay < Micros{0} || message.delay > queue_delay_max)
    return invalid_field("delay", "must be between 0 and 366 days");
  if (message.body.size() > queue_body_bytes_max)
    return ::hoist::fail(Code::too_large, "A message may hold at most 256 KiB.");
  return {};
}

Result<void> check_receive(ReceiveRequest const& request) {
  if (!is_name(request.queue)) return invalid_field("queue", name_rule);
  if (request.max < 1 || request.max > queue_receive_max) return invalid_field("max", "must be 1 to 10");
  if (request.visibility <= Micros{0} || request.visibility > queue_visibility_max)
    return invalid_field("visibility", "must be above 0 and at most 12 hours");
  return {};
}

Micros backoff(QueuePolicy const& policy, std::int64_t failures, double luck) {
  auto const doublings = std::min<std::int64_t>(std::max<std::int64_t>(failures - 1, 0), 40);
  auto const delay = std::min(static_cast<double>(policy.backoff_base.count()) * std::pow(2.0, doublings),
                              static_cast<double>(policy.backoff_max.count()));
  return Micros{static_cast<std::int64_t>(delay * (0.8 + 0.4 * luck))};
}

std::string Turns::last(std::string const& queue) const {
  auto const lock = std::lock_guard{mutex_};
  auto const found = queues_.find(queue);
  return found == queues_.end() ? std::string{} : found->second.last;
}

std::int64_t Turns::debt(std::string const& queue, std::string const& tenant) const {
  auto const lock = std::lock_guard{mutex_};
  auto const found = queues_.find(queue);
  if (found == queues_.end()) return 0;
  auto const debt = found->second.debt.find(tenant);
  return debt == found->second.debt.end() ? 0 : debt->second;
}

void Turns::apply(std::string const& queue, Change const& change) {
  auto const lock = std::lock_guard{mutex_};
  auto& state = queues_[queue];
  if (change.last) state.last = *change.last;
  for (auto const& [tenant, difference] : change.debts) {
    if (state.debt.size() >= standing_back_max) state.debt.clear();
    auto& debt = state.debt[tenant];
    debt += difference;
    if (debt <= 0) state.debt.erase(tenant);
  }
}

bool TurnWalk::come_to(std::string const& tenant, bool alone) {
  change_.last = tenant;
  auto const changed = change_.debts.find(tenant);
  auto const debt =
      turns_.debt(queue_, tenant) + (changed == change_.debts.end() ? std::int64_t{0} : changed->second);
  if (debt <= 0) return true;
  auto const stands_back = !alone && debt > 1;
  change_.debts[tenant] -= stands_back ? 1 : debt;
  return !stands_back;
}

void TurnWalk::took(std::string const& tenant, std::int64_t messages) {
  if (messages > 1) change_.debts[tenant] += messages;
}

void TurnWalk::keep(sql::Transaction& tx) && {
  if (!change_.last) return;
  tx.after_commit([&turns = turns_, queue = std::move(queue_), change = std::move(change_)] {
    turns.apply(queue, change);
  });
}

Result<void> Engine::declare(std::string const& queue, QueuePolicy policy) {
  if (!is_name(queue)) return invalid_field("queue", name_rule);
  if (policy.attempts_max < 1) return invalid_field("attempts_max", "must be at least 1");
  if (policy.backoff_base <= Micros{0} || policy.backoff_max < policy.backoff_base)
    return invalid_field("backoff_base", "must be above 0 and at most backoff_max");
  auto const lock = std::lock_guard{mutex_};
  auto const found = policies_.find(queue);
  if (found != policies_.end() && !same_policy(*found->second, policy))
    return ::hoist::fail(Code::conflict, "The queue \"" + queue + "\" is already declared with other rules.");
  if (found == policies_.end())
    policies_.emplace(queue, std::make_shared<QueuePolicy const>(std::move(policy)));
  return {};
}

std::shared_ptr<QueuePolicy const> Engine::policy(std::string const& queue) const {
  static auto const usual = std::make_shared<QueuePolicy const>();
  auto const lock = std::lock_guard{mutex_};
  auto const found = policies_.find(queue);
  return found == policies_.end() ? usual : found->second;
}

double Engine::luck() {
  auto const lock = std::lock_guard{mutex_};
  return std::uniform_real_distribution<double>{0, 1}(random_);
}

}  // namespace hoist::sql_engine::queue
