#include "adapters/sql/queue.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <utility>

#include "adapters/sql/queue_engine.hpp"
#include "adapters/sql/queue_look.hpp"
#include "adapters/sql/queue_meter.hpp"
#include "base/try.hpp"

namespace hoist::sql_engine {
namespace {

constexpr auto clean_chunk = 1000;
constexpr auto list_max = 1000;
constexpr auto nap_min = std::chrono::milliseconds{1};
// Many times what a transaction takes.
constexpr auto patience_for_tenant = std::chrono::milliseconds{50};

class SqlQueue final : public Queue {
 public:
  SqlQueue(sql::Database& database, Wakeups& wakeups, Metrics& metrics, QueueOptions options)
      : database_{database},
        wakeups_{wakeups},
        options_{options},
        engine_{options.seed != 0 ? options.seed : std::random_device{}()},
        meters_{metrics} {}

  Result<void> declare(std::string queue, QueuePolicy policy, MessageFollower* follower) override {
    return engine_.declare(queue, {std::move(policy), follower});
  }

  Result<std::vector<Sent>> send(sql::Transaction& tx, std::span<Outgoing const> messages) override {
    if (messages.empty()) return std::vector<Sent>{};
    auto const& first = messages.front();
    CHECK(check_depth(tx, first, std::ssize(messages)));
    auto changes = queue::Changes{};
    TRY(auto sent, engine_.send(tx, messages, tx.now(), changes));
    when_committed(tx, first.queue, first.tenant, changes);
    return sent;
  }

  Result<std::vector<Message>> receive(sql::Transaction& tx, ReceiveRequest const& request) override {
    CHECK(queue::check_receive(request));
    // Whoever calls has to come back without a transaction, to wait for the tenant.
    if (engine_.round_robin().overdue(request.queue)) return std::vector<Message>{};
    TRY(auto received, take(tx, request));
    return std::move(received.messages);
  }

  Result<void> acknowledge(sql::Transaction& tx, Receipt const& receipt) override {
    auto changes = queue::Changes{};
    auto const settled = settle(tx, receipt, changes);
    count_if_fenced(receipt, changes);
    CHECK(settled);
    when_committed(tx, receipt.queue, receipt.tenant, changes);
    return {};
  }

  Result<void> fail(sql::Transaction& tx, Receipt const& receipt, QueueFailure const& failure) override {
    auto changes = queue::Changes{};
    auto const outcome = engine_.fail(tx, receipt, failure, tx.now(), changes);
    count_if_fenced(receipt, changes);
    CHECK(outcome);
    changes.failed = 1;
    when_committed(tx, receipt.queue, receipt.tenant, changes);
    return {};
  }

  Result<void> cancel(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                      MessageId const& id) override {
    auto changes = queue::Changes{};
    CHECK(engine_.cancel(tx, queue, tenant, id, tx.now(), changes));
    when_committed(tx, queue, tenant, changes);
    return {};
  }

  Result<bool> holds(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                     std::string const& group) override {
    return queue::holds(tx, {queue, tenant, group});
  }

  Async<std::vector<Message>> receive(ReceiveRequest request, Deadline deadline) override {
    CO_CHECK(queue::check_receive(request));
    CO_TRY(auto settled, co_await settle_and_receive({}, std::move(request), deadline));
    co_return std::move(settled.messages);
  }

  Async<> acknowledge(Receipt receipt, Deadline deadline) override {
    co_return co_await database_.write(
        Scope::tenant(receipt.tenant), [&](sql::Transaction& tx) { return acknowledge(tx, receipt); },
        deadline);
  }

  Async<> fail(Receipt receipt, QueueFailure failure, Deadline deadline) override {
    auto const work = [&](sql::Transaction& tx) { return fail(tx, receipt, failure); };
    co_return co_await database_.write(Scope::tenant(receipt.tenant), work, deadline);
  }

  Async<> extend(Receipt receipt, Micros visibility, Deadline deadline) override {
    auto const work = [&](sql::Transaction& tx) {
      auto changes = queue::Changes{};
      auto extended = engine_.extend(tx, receipt, visibility, tx.now(), changes);
      count_if_fenced(receipt, changes);
      return extended;
    };
    co_return co_await database_.write(Scope::tenant(receipt.tenant), work, deadline);
  }

  Async<> release(Receipt receipt, Deadline deadline) override {
    auto const work = [&](sql::Transaction& tx) -> Result<void> {
      auto changes = queue::Changes{};
      auto const released = engine_.release(tx, receipt, tx.now(), changes);
      count_if_fenced(receipt, changes);
      CHECK(released);
      when_committed(tx, receipt.queue, receipt.tenant, changes);
      return {};
    };
    co_return co_await database_.write(Scope::tenant(receipt.tenant), work, deadline);
  }

  Async<Settled> settle_and_receive(std::vector<Receipt> done, ReceiveRequest request,
                                    Deadline deadline) override {
    CO_CHECK(queue::check_receive(request));
    auto const signal = wakeups_.watch(messages_of(request.queue));
    auto const give_up = std::min(deadline, deadline_in(request.wait));
    auto settled = Settled{};
    auto awaited = done.empty() ? engine_.round_robin().overdue(request.queue) : std::nullopt;
    while (true) {
      auto const ticket = signal->ticket();
      CO_TRY(auto round, co_await settle_and_take(done, request, awaited, deadline));
      if (!done.empty()) settled.acknowledged = std::move(round.acknowledged);
      done.clear();
      settled.messages = std::move(round.received.messages);
      if (!settled.messages.empty()) co_return settled;
      // In line for the tenant's rows once, and then again only after a look at all the others.
      auto const waited = std::exchange(awaited, std::nullopt);
      if (!waited) awaited = round.received.refused;
      if (awaited) continue;
      if (std::chrono::steady_clock::now() >= give_up) co_return settled;
      auto nap = std::chrono::duration_cast<Deadline::duration>(options_.poll_max);
      if (round.received.refused) nap = patience_for_tenant;
      if (round.until_next) nap = std::clamp<Deadline::duration>(*round.until_next, nap_min, nap);
      CO_CHECK(co_await signal->wait(ticket, std::min(give_up, deadline_in(nap))));
    }
  }
  Async<std::vector<DeadLetter>> list(std::string queue, TenantId tenant, MessageId after, int limit,
                                      Deadline deadline) override {
    auto const work = [&](sql::Transaction& tx) {
      return queue::dead_letters(tx, queue, tenant, after, std::clamp(limit, 1, list_max));
    };
    co_return co_await database_.read(Scope::tenant(tenant), work, deadline);
  }

  Async<std::vector<RedriveItem>> plan(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                       Deadline deadline) override {
    auto const work = [&](sql::Transaction& tx) { return queue::plan_redrive(tx, queue, tenant, ids); };
    co_return co_await database_.read(Scope::tenant(tenant), work, deadline);
  }

  Result<std::int64_t> redrive(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                               std::span<MessageId const> ids) override {
    auto changes = queue::Changes{};
    TRY(auto const count, engine_.redrive(tx, queue, tenant, ids, tx.now(), changes));
    when_committed(tx, queue, tenant, changes);
    return count;
  }

  Result<std::int64_t> discard(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                               std::span<MessageId const> ids) override {
    auto changes = queue::Changes{};
    TRY(auto const count, engine_.discard(tx, queue, tenant, ids, tx.now(), changes));
    when_committed(tx, queue, tenant, changes);
    return count;
  }

  Async<std::int64_t> purge(std::string queue, TenantId tenant, Deadline deadline) override {
    auto const work = [&](sql::Transaction& tx) -> Result<std::int64_t> {
      auto changes = queue::Changes{};
      TRY(auto const gone, engine_.purge(tx, queue, tenant, tx.now(), changes));
      when_committed(tx, queue, tenant, changes);
      return gone;
    };
    co_return co_await database_.write(Scope::tenant(tenant), work, deadline);
  }

  Async<QueueStats> stats(std::string queue, Scope scope, Deadline deadline) override {
    auto const work = [&](sql::Transaction& tx) { return queue::stats(tx, queue, scope, tx.now()); };
    co_return co_await database_.read(scope, work, deadline);
  }

  Async<std::int64_t> maintain(Deadline deadline) override {
    auto const look = [&](sql::Transaction& tx) { return engine_.find_outdated(tx, clean_chunk, tx.now()); };
    CO_TRY(auto const outdated, co_await database_.read(Scope::system(), look, deadline));
    auto const work = [&](sql::Transaction& tx) -> Result<std::int64_t> {
      auto changes = std::map<std::string, queue::Changes>{};
      TRY(auto const gone, engine_.clean(tx, outdated, clean_chunk, tx.now(), changes));
      for (auto const& [queue, change] : changes) when_committed(tx, queue, std::nullopt, change);
      return gone;
    };
    CO_TRY(auto const gone, co_await database_.write(Scope::system(), work, deadline));
    CO_CHECK(co_await count_depths(deadline));
    for (auto const& name : meters_.names()) CO_CHECK(co_await show(name, deadline));
    co_return gone;
  }

 private:
  // At once: what it was part of does not commit.
  void count_if_fenced(Receipt const& receipt, queue::Changes const& changes) {
    if (changes.fenced) meters_.of(receipt.queue).fenced.add();
  }

  // Without a tenant it is not known here whose depth changed: it is counted within a minute.
  void when_committed(sql::Transaction& tx, std::string const& queue, std::optional<TenantId> const& tenant,
                      queue::Changes const& changes) {
    if (changes == queue::Changes{}) return;
    if (changes.may_receive) tx.notify(messages_of(queue));
    tx.after_commit([this, &meter = meters_.of(queue), queue, tenant, changes] {
      if (tenant && changes.depth != 0) depths_.add(queue, *tenant, changes.depth);
      meter.count(changes);
    });
  }

  Result<void> check_depth(sql::Transaction& tx, Outgoing const& message, std::int64_t more) {
    auto const depth_max = engine_.rules(message.queue)->depth_max;
    auto depth = depths_.of(message.queue, message.tenant, more);
    if (!depth) {
      TRY(depth, queue::count_depth(tx, message.queue, message.tenant));
      auto remember = [this, queue = message.queue, tenant = message.tenant, counted = *depth, depth_max] {
        depths_.set(queue, tenant, counted, depth_max);
      };
      // A refusal commits nothing, and must not be counted for again by the next one.
      if (*depth + more > depth_max)
        remember();
      else
        tx.after_commit(std::move(remember));
    }
    if (*depth + more <= depth_max) return {};
    return ::hoist::fail(Error{Code::throttled, "Too many messages are waiting; send again later."}
                             .with_slug("queue_full")
                             .with_retry_after(1));
  }

  Result<void> settle(sql::Transaction& tx, Receipt const& receipt, queue::Changes& changes) {
    TRY(auto const changed, engine_.acknowledge(tx, receipt, tx.now(), changes));
    changes.acknowledged = changed ? 1 : 0;
    return {};
  }

  struct Round {
    std::vector<Result<void>> acknowledged;
    queue::Received received;
    std::optional<Micros> until_next;
  };

  // With somebody to wait for, it is for a moment only: what keeps a tenant's rows for long must not keep the
  // others' messages.
  Async<Round> settle_and_take(std::vector<Receipt> const& done, ReceiveRequest const& request,
                               std::optional<TenantId> const& awaited, Deadline deadline) {
    auto claims = std::vector<TenantId>{};
    for (auto const& receipt : done) claims.push_back(receipt.tenant);
    if (awaited) claims.push_back(*awaited);
    auto const until = awaited ? std::min(deadline, deadline_in(patience_for_tenant)) : deadline;
    auto const work = [&](sql::Transaction& tx) { return settle_and_take(tx, done, request); };
    auto round = co_await database_.write(Scope::claiming(std::move(claims)), work, until);
    if (!awaited) co_return round;
    engine_.round_robin().forget_passing_over(request.queue, *awaited);
    if (round || round.error().code() != Code::timeout || std::chrono::steady_clock::now() >= deadline)
      co_return round;
    auto in_vain = Round{};
    in_vain.received.refused = *awaited;
    co_return in_vain;
  }

  Result<Round> settle_and_take(sql::Transaction& tx, std::vector<Receipt> const& done,
                                ReceiveRequest const& request) {
    auto round = Round{};
    for (auto const& receipt : done) {
      auto changes = queue::Changes{};
      auto outcome = settle(tx, receipt, changes);
      count_if_fenced(receipt, changes);
      // Only a receipt that is no longer good is an answer; anything else fails the whole call.
      if (!outcome && outcome.error().code() != Code::conflict && outcome.error().code() != Code::not_found)
        return std::unexpected{outcome.error()};
      round.acknowledged.push_back(std::move(outcome));
      changes.fenced = false;
      when_committed(tx, receipt.queue, receipt.tenant, changes);
    }
    TRY(round.received, take(tx, request));
    if (round.received.next_at) round.until_next = *round.received.next_at - tx.now();
    return round;
  }

  Result<queue::Received> take(sql::Transaction& tx, ReceiveRequest const& request) {
    auto changes = queue::Changes{};
    TRY(auto received, engine_.receive(tx, request, tx.now(), changes));
    changes.empty = received.messages.empty() ? 1 : 0;
    changes.deliveries = std::ssize(received.messages);
    when_committed(tx, request.queue, std::nullopt, changes);
    return received;
  }

  // Other processes send and settle too, and what dies in a receive is no tenant's count. On a reader,
  // because what waits may be much.
  Async<> count_depths(Deadline deadline) {
    for (auto const& [queue, tenant] : depths_.begin_counting()) {
      auto const work = [&](sql::Transaction& tx) { return queue::count_depth(tx, queue, tenant); };
      CO_TRY(auto const counted, co_await database_.read(Scope::tenant(tenant), work, deadline));
      depths_.counted(queue, tenant, counted);
    }
    co_return Result<void>{};
  }

  Async<> show(std::string const& queue, Deadline deadline) {
    auto oldest_age = Micros{0};
    auto const work = [&](sql::Transaction& tx) -> Result<QueueStats> {
      TRY(auto now, queue::stats(tx, queue, Scope::system(), tx.now()));
      oldest_age = now.oldest_sent_at ? tx.now() - *now.oldest_sent_at : Micros{0};
      return now;
    };
    CO_TRY(auto const now, co_await database_.read(Scope::system(), work, deadline));
    auto const seconds = [](Micros age) { return static_cast<double>(age.count()) / 1e6; };
    auto& meter = meters_.of(queue);
    meter.depth.set(static_cast<double>(now.waiting));
    meter.in_flight.set(static_cast<double>(now.in_flight));
    meter.dead_now.set(static_cast<double>(now.dead));
    meter.blocked.set(static_cast<double>(now.blocked_groups));
    meter.head_age_p99.set(seconds(now.head_age_p99));
    meter.oldest_age.set(seconds(oldest_age));
    co_return Result<void>{};
  }

  sql::Database& database_;
  Wakeups& wakeups_;
  QueueOptions options_;
  queue::Engine engine_;
  queue::Meters meters_;
  queue::Depths depths_;
};

}  // namespace

std::unique_ptr<Queue> make_queue(sql::Database& database, Wakeups& wakeups, Metrics& metrics,
                                  QueueOptions options) {
  return std::make_unique<SqlQueue>(database, wakeups, metrics, options);
}

}  // namespace hoist::sql_engine
