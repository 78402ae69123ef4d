#include "adapters/memory/queue.hpp"

#include <algorithm>
#include <chrono>

#include "adapters/memory/held.hpp"
#include "adapters/memory/queue_model.hpp"
#include "base/try.hpp"

namespace hoist::memory {
namespace {

constexpr auto poll_max = std::chrono::milliseconds{50};

}  // namespace

// The rules, who waits for them, and sends of transactions that have not ended yet.
class MemoryQueue::Model {
 public:
  explicit Model(Clock const& clock) : rules{clock} {}

  std::mutex mutex;
  Rules rules;
  std::map<std::string, Signal> signals;

  using Send = std::pair<Outgoing, Sent>;
  // Keeps `send` for the plans of later ones until `tx` commits (then it is applied) or does not.
  static void hold(std::shared_ptr<Model> const& self, sql::Transaction& tx, Send send);
  [[nodiscard]] std::vector<Send> ahead() const {
    auto all = std::vector<Send>{};
    for (auto const& [number, send] : held_) all.push_back(send);
    return all;
  }
  void wake() {
    for (auto& [name, waiting] : signals) waiting.notify();
  }

 private:
  std::map<std::uint64_t, Send> held_;
  std::uint64_t next_ = 0;
};

void MemoryQueue::Model::hold(std::shared_ptr<Model> const& self, sql::Transaction& tx, Send send) {
  auto const number = self->next_++;
  self->held_.emplace(number, std::move(send));
  auto const drop = [number](Model& model) {
    auto const lock = std::lock_guard{model.mutex};
    model.held_.erase(number);
  };
  auto const commit = [number](Model& model) {
    auto const lock = std::lock_guard{model.mutex};
    auto const held = model.held_.extract(number);
    auto const& [message, sent] = held.mapped();
    model.rules.apply_send(message, sent);
    model.wake();
  };
  tx.after_commit(Held{self, commit, drop});
}

MemoryQueue::MemoryQueue(Clock const& clock) : clock_{clock}, model_{std::make_shared<Model>(clock)} {}
MemoryQueue::~MemoryQueue() = default;

template <class T, class F>
Async<T> MemoryQueue::answer(F work) {
  auto const away = [] {
    return hoist::fail(Error{Code::unavailable, "The queue is away."}.with_retry_after(1));
  };
  if (faults.unavailable) co_return away();
  auto outcome = Result<T>{hoist::fail(Code::internal)};
  {
    auto const lock = std::lock_guard{model_->mutex};
    outcome = work(model_->rules);
    model_->wake();
  }
  if (faults.lose_answers) co_return away();
  co_return outcome;
}

Result<void> MemoryQueue::declare(std::string queue, QueuePolicy policy) {
  auto const lock = std::lock_guard{model_->mutex};
  return model_->rules.declare(queue, std::move(policy));
}

Result<Sent> MemoryQueue::send(sql::Transaction& tx, Outgoing message) {
  if (faults.unavailable) return hoist::fail(Code::unavailable, "The queue is away.");
  auto const lock = std::lock_guard{model_->mutex};
  TRY(auto sent, model_->rules.plan_send(message, model_->ahead()));
  Model::hold(model_, tx, {std::move(message), sent});
  return sent;
}

void MemoryQueue::when_committed(sql::Transaction& tx, std::move_only_function<void(Rules&)> change) {
  tx.after_commit([model = model_, change = std::move(change)]() mutable {
    auto const lock = std::lock_guard{model->mutex};
    change(model->rules);
    model->wake();
  });
}

Result<std::vector<Message>> MemoryQueue::receive(sql::Transaction& tx, ReceiveRequest const& request) {
  auto const lock = std::lock_guard{model_->mutex};
  auto messages = model_->rules.receive(request);
  if (messages.empty()) return messages;
  auto const keep = [](Model&) {};
  auto const give_back = [messages](Model& model) {  // the last comes back first
    auto const lock = std::lock_guard{model.mutex};
    for (auto message = messages.rbegin(); message != messages.rend(); ++message)
      (void)model.rules.release(message->receipt);
    model.wake();
  };
  tx.after_commit(Held{model_, keep, give_back});
  return messages;
}

Result<void> MemoryQueue::acknowledge(sql::Transaction& tx, Receipt const& receipt) {
  auto const lock = std::lock_guard{model_->mutex};
  CHECK(model_->rules.acknowledge(receipt, false));
  when_committed(tx, [receipt](Rules& rules) { (void)rules.acknowledge(receipt, true); });
  return {};
}

Result<FailureOutcome> MemoryQueue::fail(sql::Transaction& tx, Receipt const& receipt,
                                         Failure const& failure) {
  auto const lock = std::lock_guard{model_->mutex};
  TRY(auto outcome, model_->rules.fail(receipt, failure, false));
  auto settled = failure;
  if (outcome.retry_at) settled.delay = *outcome.retry_at - clock_.now();
  when_committed(tx, [receipt, settled](Rules& rules) { (void)rules.fail(receipt, settled, true); });
  return outcome;
}

Result<void> MemoryQueue::cancel(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                                 MessageId const& id) {
  auto const lock = std::lock_guard{model_->mutex};
  CHECK(model_->rules.cancel(queue, tenant, id, false));
  when_committed(tx, [queue, tenant, id](Rules& rules) { (void)rules.cancel(queue, tenant, id, true); });
  return {};
}

Async<> MemoryQueue::acknowledge(Receipt receipt, Deadline) {
  co_return co_await answer<void>([&](Rules& rules) { return rules.acknowledge(receipt, true); });
}

Async<> MemoryQueue::fail(Receipt receipt, Failure failure, Deadline) {
  co_return co_await answer<void>([&](Rules& rules) -> Result<void> {
    CHECK(rules.fail(receipt, failure, true));
    return {};
  });
}

Async<> MemoryQueue::extend(Receipt receipt, Micros visibility, Deadline) {
  co_return co_await answer<void>([&](Rules& rules) { return rules.extend(receipt, visibility); });
}

Async<> MemoryQueue::release(Receipt receipt, Deadline) {
  co_return co_await answer<void>([&](Rules& rules) { return rules.release(receipt); });
}

Async<std::vector<Message>> MemoryQueue::receive(ReceiveRequest request, Deadline deadline) {
  CO_TRY(auto settled, co_await settle_and_receive({}, std::move(request), deadline));
  co_return std::move(settled.messages);
}

Async<Settled> MemoryQueue::settle_and_receive(std::vector<Receipt> done, ReceiveRequest request,
                                               Deadline deadline) {
  if (request.max < 1 || request.max > queue_receive_max) co_return invalid_field("max", "must be 1 to 10");
  if (request.visibility <= Micros{0} || request.visibility > queue_visibility_max)
    co_return invalid_field("visibility", "must be above 0 and at most 12 hours");
  auto const give_up = std::min(deadline, deadline_in(request.wait));
  auto settled = Settled{};
  auto* signal = static_cast<Signal*>(nullptr);
  {
    auto const lock = std::lock_guard{model_->mutex};
    signal = &model_->signals[request.queue];
  }
  while (true) {
    CO_TRY(settled.messages, co_await answer<std::vector<Message>>([&](Rules& rules) {
             for (auto const& receipt : done)
               settled.acknowledged.push_back(rules.acknowledge(receipt, true));
             return Result<std::vector<Message>>{rules.receive(request)};
           }));
    done.clear();
    auto const ticket = signal->ticket();
    if (!settled.messages.empty() || std::chrono::steady_clock::now() >= give_up) co_return settled;
    CO_CHECK(co_await signal->wait(ticket, std::min(give_up, deadline_in(poll_max))));
  }
}

Async<std::vector<DeadLetter>> MemoryQueue::dead_letters(std::string queue, TenantId tenant, MessageId after,
                                                         int limit, Deadline) {
  co_return co_await answer<std::vector<DeadLetter>>([&](Rules& rules) {
    auto letters = std::vector<DeadLetter>{};
    for (auto const& [name, group] : rules.groups())
      for (auto const& [sequence, entry] : group.entries)
        if (name.queue == queue && name.tenant == tenant && entry.died_at && entry.id > after)
          letters.push_back(dead_letter(name, entry));
    std::ranges::sort(letters, {}, &DeadLetter::id);
    if (std::ssize(letters) > limit) letters.resize(static_cast<std::size_t>(limit));
    return Result<std::vector<DeadLetter>>{std::move(letters)};
  });
}

Async<std::int64_t> MemoryQueue::redrive(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                         Deadline) {
  co_return co_await answer<std::int64_t>(
      [&](Rules& rules) { return Result<std::int64_t>{rules.redrive(queue, tenant, ids)}; });
}

Async<std::vector<RedriveItem>> MemoryQueue::plan_redrive(std::string queue, TenantId tenant,
                                                          std::vector<MessageId> ids, Deadline deadline) {
  CO_TRY(auto letters, co_await dead_letters(queue, tenant, MessageId{}, INT32_MAX, deadline));
  if (!ids.empty())
    std::erase_if(letters,
                  [&](auto const& letter) { return std::ranges::find(ids, letter.id) == ids.end(); });
  co_return co_await answer<std::vector<RedriveItem>>([&](Rules& rules) {
    auto items = std::vector<RedriveItem>{};
    for (auto& letter : letters) {
      auto const& group = rules.groups().at({queue, tenant, letter.group});
      auto item = RedriveItem{.letter = std::move(letter)};
      for (auto later = item.letter.sequence + 1; later <= group.last_sequence; ++later)
        if (!group.entries.contains(later)) item.overtakers.push_back(later);
      item.overtaken_by = std::ssize(item.overtakers);
      items.push_back(std::move(item));
    }
    return Result<std::vector<RedriveItem>>{std::move(items)};
  });
}

Async<std::int64_t> MemoryQueue::discard(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                         Deadline) {
  co_return co_await answer<std::int64_t>(
      [&](Rules& rules) { return Result<std::int64_t>{rules.discard(queue, tenant, ids)}; });
}

Async<std::int64_t> MemoryQueue::purge(std::string queue, TenantId tenant, Deadline) {
  co_return co_await answer<std::int64_t>(
      [&](Rules& rules) { return Result<std::int64_t>{rules.purge(queue, tenant)}; });
}

Async<std::optional<MessageInfo>> MemoryQueue::find(std::string queue, TenantId tenant, MessageId id,
                                                    Deadline) {
  co_return co_await answer<std::optional<MessageInfo>>([&](Rules& rules) {
    auto const place = rules.locate(queue, tenant, id);
    if (!place) return Result<std::optional<MessageInfo>>{std::nullopt};
    auto info = rules.info(place->name, *place->group, *place->entry);
    for (auto const& [sequence, entry] : place->group->entries)
      if (info.state == MessageInfo::State::waiting && sequence < info.sequence && !entry.died_at)
        ++info.ahead;
    return Result<std::optional<MessageInfo>>{std::move(info)};
  });
}

Async<std::vector<MessageInfo>> MemoryQueue::list(std::string queue, TenantId tenant, std::string group,
                                                  std::int64_t after_sequence, int limit, Deadline) {
  co_return co_await answer<std::vector<MessageInfo>>([&](Rules& rules) {
    auto infos = std::vector<MessageInfo>{};
    auto const found = rules.groups().find({queue, tenant, group});
    if (found == rules.groups().end()) return Result<std::vector<MessageInfo>>{std::move(infos)};
    for (auto const& [sequence, entry] : found->second.entries)
      if (sequence > after_sequence && std::ssize(infos) < limit)
        infos.push_back(rules.info(found->first, found->second, entry));
    return Result<std::vector<MessageInfo>>{std::move(infos)};
  });
}

Async<GroupInfo> MemoryQueue::group(std::string queue, TenantId tenant, std::string group, Deadline) {
  using State = GroupInfo::State;
  co_return co_await answer<GroupInfo>([&](Rules& rules) {
    auto info = GroupInfo{};
    auto const found = rules.groups().find({queue, tenant, group});
    if (found == rules.groups().end()) return Result<GroupInfo>{std::move(info)};
    auto& [name, state] = *found;
    info.depth = state.depth();
    info.last_sequence = state.last_sequence;
    info.chain = state.chain;
    auto const* head = state.blocked_by ? &state.entries.at(*state.blocked_by) : state.head();
    if (head == nullptr) return Result<GroupInfo>{std::move(info)};
    info.head = rules.info(name, state, *head);
    auto const held = rules.has_lease(state);
    auto const due = !held && head->ready_at <= clock_.now();
    info.state = state.blocked_by     ? State::blocked
                 : held               ? State::in_flight
                 : due                ? State::ready
                 : head->attempts > 0 ? State::retrying
                                      : State::delayed;
    if (!state.blocked_by && !due) info.next_attempt_at = held ? state.lease_ends : head->ready_at;
    return Result<GroupInfo>{std::move(info)};
  });
}

Async<QueueStats> MemoryQueue::stats(std::string queue, TenantId tenant, Deadline) {
  co_return co_await answer<QueueStats>([&](Rules& rules) {
    auto stats = QueueStats{};
    auto ages = std::vector<Micros>{};
    for (auto& [name, group] : rules.groups()) {
      if (name.queue != queue || (tenant != system_scope() && name.tenant != tenant)) continue;
      auto const held = rules.has_lease(group) ? std::ssize(group.in_flight) : 0;
      stats.in_flight += held;
      stats.waiting += group.depth() - held;
      stats.dead += std::ssize(group.entries) - group.depth();
      auto const* head = group.head();
      if (head == nullptr) continue;
      ++stats.groups;
      if (group.blocked_by) ++stats.blocked_groups;
      stats.oldest_sent_at = std::min(stats.oldest_sent_at.value_or(head->sent_at), head->sent_at);
      ages.push_back(clock_.now() - head->sent_at);
    }
    std::ranges::sort(ages);
    if (!ages.empty()) stats.head_age_p99 = ages[(ages.size() - 1) * 99 / 100];
    return Result<QueueStats>{stats};
  });
}

Async<std::int64_t> MemoryQueue::maintain(Deadline) {
  co_return co_await answer<std::int64_t>([&](Rules& rules) { return Result<std::int64_t>{rules.clean()}; });
}

}  // namespace hoist::memory
