#include "adapters/memory/queue.hpp"

#include <algorithm>
#include <chrono>
#include <deque>

#include "adapters/memory/on_commit_or_drop.hpp"
#include "adapters/memory/queue_model.hpp"
#include "base/mutex.hpp"
#include "base/try.hpp"

namespace hoist::memory {
namespace {

constexpr auto poll_max = std::chrono::milliseconds{50};

}  // namespace

// The rules, who waits for them, and sends of transactions that have not ended yet.
class MemoryQueue::Model {
 public:
  explicit Model(Clock const& clock) : rules{clock} {}

  Mutex mutex;
  Rules rules;

  using Send = std::pair<Outgoing, Sent>;
  // Keeps `send` for the plans of later ones until `tx` commits (then it is applied) or does not.
  static void hold(std::shared_ptr<Model> const& self, sql::Transaction& tx, Send send);
  [[nodiscard]] std::vector<Send> ahead() const {
    auto all = std::vector<Send>{};
    for (auto const& [number, send] : held_) all.push_back(send);
    return all;
  }
  void wake() {
    for (auto& [name, waiting] : signals_) waiting.notify();
  }
  Signal& signal(std::string const& queue) {
    auto const lock = Lock{mutex};
    return signals_[queue];
  }
  MessageFollower* follower(std::string const& queue) {
    auto const lock = Lock{mutex};
    return rules.policy(queue).follower;
  }

 private:
  std::map<std::string, Signal> signals_;
  std::map<std::uint64_t, Send> held_;
  std::uint64_t next_ = 0;
};

void MemoryQueue::Model::hold(std::shared_ptr<Model> const& self, sql::Transaction& tx, Send send) {
  auto const number = self->next_++;
  self->held_.emplace(number, std::move(send));
  auto const drop = [number](Model& model) {
    auto const lock = Lock{model.mutex};
    model.held_.erase(number);
  };
  auto const commit = [number](Model& model) {
    auto const lock = Lock{model.mutex};
    auto const held = model.held_.extract(number);
    auto const& [message, sent] = held.mapped();
    model.rules.apply_send(message, sent);
    model.wake();
  };
  tx.after_commit(OnCommitOrDrop{self, commit, drop});
}

MemoryQueue::MemoryQueue(Clock const& clock, sql::Database& database)
    : database_{database}, model_{std::make_shared<Model>(clock)} {}
MemoryQueue::~MemoryQueue() = default;

template <class T, class F>
Async<T> MemoryQueue::answer(F work, Deadline deadline) {
  auto const away = [] {
    return hoist::fail(Error{Code::unavailable, "The queue is away."}.with_retry_after(1));
  };
  if (faults.unavailable) co_return away();
  auto outcome = Result<T>{hoist::fail(Code::internal)};
  {
    auto const lock = Lock{model_->mutex};
    outcome = work(model_->rules);
  }
  CO_CHECK(co_await tell_followers(deadline));
  if (faults.lose_answers) co_return away();
  co_return outcome;
}

// What may have made a message receivable. A receive that finds nothing has not: it would wake the others,
// who would wake it.
template <class T, class F>
Async<T> MemoryQueue::change(F work, Deadline deadline) {
  auto outcome = co_await answer<T>(std::move(work), deadline);
  auto const lock = Lock{model_->mutex};
  model_->wake();
  co_return outcome;
}

Async<> MemoryQueue::tell_followers(Deadline deadline) {
  auto events = std::deque<QueueEvent>{};
  {
    auto const lock = Lock{model_->mutex};
    events.swap(model_->rules.events());
  }
  for (; !events.empty(); events.pop_front()) {
    auto const& event = events.front();
    auto const work = [&](sql::Transaction& tx) -> Result<void> {
      auto* const follower = model_->follower(event.message.queue);
      return follower == nullptr ? Result<void>{} : follower->on(tx, event);
    };
    auto const told = co_await database_.write(Scope::tenant(event.message.tenant), work, deadline);
    if (told) continue;
    auto const lock = Lock{model_->mutex};
    auto& waiting = model_->rules.events();
    waiting.insert(waiting.begin(), events.begin(), events.end());
    co_return std::unexpected{told.error()};
  }
  co_return Result<void>{};
}

Result<void> MemoryQueue::declare(std::string queue, QueuePolicy policy, MessageFollower* follower) {
  if (policy.on_dead != OnDead::skip)
    return invalid_field("on_dead", "must be skip: this queue cannot block or park a group");
  auto const lock = Lock{model_->mutex};
  return model_->rules.declare(queue, {std::move(policy), follower});
}

Result<std::vector<Sent>> MemoryQueue::send(sql::Transaction& tx, std::span<Outgoing const> messages) {
  if (faults.unavailable) return hoist::fail(Code::unavailable, "The queue is away.");
  auto all = std::vector<Sent>{};
  auto const lock = Lock{model_->mutex};
  for (auto const& message : messages) {
    TRY(auto sent, model_->rules.plan_send(message, model_->ahead()));
    Model::hold(model_, tx, {message, sent});
    all.push_back(std::move(sent));
  }
  return all;
}

Async<> MemoryQueue::acknowledge(Receipt receipt, Deadline deadline) {
  co_return co_await change<void>([&](Rules& rules) { return rules.acknowledge(receipt); }, deadline);
}

Async<> MemoryQueue::fail(Receipt receipt, QueueFailure failure, Deadline deadline) {
  co_return co_await change<void>([&](Rules& rules) { return rules.fail(receipt, failure); }, deadline);
}

Async<> MemoryQueue::extend(Receipt receipt, Micros visibility, Deadline deadline) {
  co_return co_await answer<void>([&](Rules& rules) { return rules.extend(receipt, visibility); }, deadline);
}

Async<> MemoryQueue::release(Receipt receipt, Deadline deadline) {
  co_return co_await change<void>([&](Rules& rules) { return rules.release(receipt); }, deadline);
}

Async<std::vector<Message>> MemoryQueue::receive(ReceiveRequest request, Deadline deadline) {
  if (request.max < 1 || request.max > queue_receive_max) co_return invalid_field("max", "must be 1 to 10");
  if (request.visibility <= Micros{0} || request.visibility > queue_visibility_max)
    co_return invalid_field("visibility", "must be above 0 and at most 12 hours");
  auto const give_up = std::min(deadline, deadline_in(request.wait));
  auto& signal = model_->signal(request.queue);
  while (true) {
    auto const ticket = signal.ticket();
    CO_TRY(auto messages,
           co_await answer<std::vector<Message>>(
               [&](Rules& rules) { return Result<std::vector<Message>>{rules.receive(request)}; }, deadline));
    if (!messages.empty() || std::chrono::steady_clock::now() >= give_up) co_return messages;
    CO_CHECK(co_await signal.wait(ticket, std::min(give_up, deadline_in(poll_max))));
  }
}

Async<std::vector<DeadLetter>> MemoryQueue::list(std::string queue, TenantId tenant, MessageId after,
                                                 int limit, Deadline deadline) {
  co_return co_await answer<std::vector<DeadLetter>>(
      [&](Rules& rules) {
        auto letters = std::vector<DeadLetter>{};
        for (auto const& [name, group] : rules.groups())
          for (auto const& [sequence, entry] : group.entries)
            if (name.queue == queue && name.tenant == tenant && entry.died_at && entry.id > after)
              letters.push_back(dead_letter(name, entry));
        std::ranges::sort(letters, {}, &DeadLetter::id);
        letters.resize(std::min(letters.size(), static_cast<std::size_t>(limit)));
        return Result<std::vector<DeadLetter>>{std::move(letters)};
      },
      deadline);
}

Async<std::vector<RedriveItem>> MemoryQueue::plan(std::string queue, TenantId tenant,
                                                  std::vector<MessageId> ids, Deadline deadline) {
  CO_TRY(auto letters, co_await list(queue, tenant, MessageId{}, INT32_MAX, deadline));
  if (!ids.empty())
    std::erase_if(letters,
                  [&](auto const& letter) { return std::ranges::find(ids, letter.id) == ids.end(); });
  co_return co_await answer<std::vector<RedriveItem>>(
      [&](Rules& rules) {
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
      },
      deadline);
}

Result<std::int64_t> MemoryQueue::change_dead(sql::Transaction& tx, std::string const& queue,
                                              TenantId const& tenant, std::span<MessageId const> ids,
                                              QueueEvent::Kind kind, Change change) {
  auto meant = std::vector<MessageId>{};
  auto events = std::vector<QueueEvent>{};
  {
    auto const lock = Lock{model_->mutex};
    for (auto const& id : ids) {
      auto const place = model_->rules.locate(queue, tenant, id);
      if (!place || !place->entry->died_at) continue;
      meant.push_back(id);
      events.push_back({.kind = kind, .message = dead_letter(place->name, *place->entry)});
    }
  }
  if (auto* const follower = model_->follower(queue))
    for (auto const& event : events) CHECK(follower->on(tx, event));
  tx.after_commit([model = model_, queue, tenant, meant, change] {
    auto const lock = Lock{model->mutex};
    (void)(model->rules.*change)(queue, tenant, meant);
    model->wake();
  });
  return std::ssize(meant);
}

Result<std::int64_t> MemoryQueue::redrive(sql::Transaction& tx, std::string const& queue,
                                          TenantId const& tenant, std::span<MessageId const> ids) {
  return change_dead(tx, queue, tenant, ids, QueueEvent::Kind::redriven, &Rules::redrive);
}

Result<std::int64_t> MemoryQueue::discard(sql::Transaction& tx, std::string const& queue,
                                          TenantId const& tenant, std::span<MessageId const> ids) {
  return change_dead(tx, queue, tenant, ids, QueueEvent::Kind::discarded, &Rules::discard);
}

Async<std::int64_t> MemoryQueue::purge(std::string queue, TenantId tenant, Deadline deadline) {
  co_return co_await change<std::int64_t>(
      [&](Rules& rules) { return Result<std::int64_t>{rules.purge(queue, tenant)}; }, deadline);
}

Async<QueueStats> MemoryQueue::stats(std::string queue, Scope scope, Deadline deadline) {
  co_return co_await answer<QueueStats>(
      [&](Rules& rules) {
        auto stats = QueueStats{};
        auto ages = std::vector<Micros>{};
        for (auto& [name, group] : rules.groups()) {
          if (name.queue != queue || !scope.covers(name.tenant)) continue;
          auto const held = rules.has_lease(group) ? std::ssize(group.in_flight) : 0;
          stats.in_flight += held;
          stats.waiting += group.depth() - held;
          stats.dead += std::ssize(group.entries) - group.depth();
          auto const* head = group.head();
          if (head == nullptr) continue;
          ++stats.groups;
          stats.oldest_sent_at = std::min(stats.oldest_sent_at.value_or(head->sent_at), head->sent_at);
          ages.push_back(rules.now() - head->sent_at);
        }
        std::ranges::sort(ages);
        if (!ages.empty()) stats.head_age_p99 = ages[(ages.size() - 1) * 99 / 100];
        return Result<QueueStats>{stats};
      },
      deadline);
}

Async<std::int64_t> MemoryQueue::maintain(Deadline deadline) {
  co_return co_await change<std::int64_t>([&](Rules& rules) { return Result<std::int64_t>{rules.clean()}; },
                                          deadline);
}

}  // namespace hoist::memory
