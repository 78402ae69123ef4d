// The queue engine: every operation as a synchronous function of a transaction and the time, so
// that it runs the same under a simulated clock and inside other features' transactions.
//
// Order      a message takes its sequence under its group's row, in the transaction that makes it
//            visible. queue_groups says per group when to look at it next (ready_us); receiving
//            walks that index and reads only the front of the groups it takes.
// Delivery   hands out the front of one group and closes the group (in_flight, fence) until all of
//            it is settled or one of it is lost. A loss raises the fence, so the receipts of the
//            whole delivery are dead at once. Messages are not touched by a delivery.
// Expiry     found by the next receive: the first unsettled message counts a failed attempt, those
//            behind it do not.
// Threads    any; the transaction isolates rows, a mutex guards fairness state.
// Lifetime   counters are told through after_commit, so the engine outlives its transactions.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "adapters/sql/queue_round_robin.hpp"
#include "adapters/sql/queue_rows.hpp"
#include "adapters/sql/queue_rules.hpp"
#include "base/mutex.hpp"

namespace hoist::sql_engine::queue {

struct Received {
  std::vector<Message> messages;
  std::optional<Time> next_at;      // when there may be more, if no message is sent before
  std::optional<TenantId> refused;  // one who has messages, and whose rows another transaction keeps
};

struct Changes {  // of one operation, for metrics and news
  bool may_receive = false;
  std::int64_t depth = 0;
  std::int64_t sent = 0;
  std::int64_t duplicates = 0;
  std::int64_t deliveries = 0;
  std::int64_t empty = 0;  // receives that found nothing
  std::int64_t acknowledged = 0;
  std::int64_t failed = 0;
  std::int64_t dead = 0;
  bool fenced = false;  // the receipt is lost: the answer is an error, and nothing of this commits
  bool operator==(Changes const&) const = default;
};

struct FailureOutcome {
  bool dead = false;
  std::int64_t attempts = 0;  // failed so far
  std::optional<Time> retry_at;
};

class Engine {
 public:
  explicit Engine(std::uint64_t seed) : random_{seed} {}

  Result<void> declare(std::string const& queue, Rules rules) {
    return book_.declare(queue, std::move(rules));
  }
  [[nodiscard]] std::shared_ptr<Rules const> rules(std::string const& queue) const { return book_.of(queue); }

  // Of one queue and tenant, in their order.
  Result<std::vector<Sent>> send(sql::Transaction& tx, std::span<Outgoing const> messages, Time now,
                                 Changes& changes);
  Result<Received> receive(sql::Transaction& tx, ReceiveRequest const& request, Time now, Changes& changes);
  // false: it was a repetition and nothing changed.
  Result<bool> acknowledge(sql::Transaction& tx, Receipt const& receipt, Time now, Changes& changes);
  Result<FailureOutcome> fail(sql::Transaction& tx, Receipt const& receipt, QueueFailure const& failure,
                              Time now, Changes& changes);
  Result<void> release(sql::Transaction& tx, Receipt const& receipt, Time now, Changes& changes);
  Result<void> extend(sql::Transaction& tx, Receipt const& receipt, Micros visibility, Time now,
                      Changes& changes);
  Result<void> cancel(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                      MessageId const& id, Time now, Changes& changes);

  [[nodiscard]] RoundRobin& round_robin() { return round_robin_; }

  // Both pass over ids that are not dead letters, and answer how many were.
  Result<std::int64_t> redrive(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                               std::span<MessageId const> ids, Time now, Changes& changes);
  Result<std::int64_t> discard(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                               std::span<MessageId const> ids, Time now, Changes& changes);
  Result<std::int64_t> purge(sql::Transaction& tx, std::string const& queue, TenantId const& tenant, Time now,
                             Changes& changes);
  // Groups whose head has waited longer than its queue keeps messages. On a reader: it looks at all that
  // wait.
  Result<std::vector<GroupKey>> find_outdated(sql::Transaction& tx, int limit, Time now);
  // Retention and windows, at most `limit` rows of each kind; `outdated` as just found. Changes by queue.
  Result<std::int64_t> clean(sql::Transaction& tx, std::vector<GroupKey> const& outdated, int limit, Time now,
                             std::map<std::string, Changes>& changes);

 private:
  struct OpenGroup;
  using OpenGroups = std::map<std::string, OpenGroup, std::less<>>;
  struct Sending;
  Result<Sent> send_one(sql::Transaction& tx, Outgoing const& message, Sending& sending, Time now,
                        Changes& changes);
  Result<std::optional<Sent>> find_duplicate(sql::Transaction& tx, Outgoing const& message,
                                             std::string const& key, std::string const& body_hash,
                                             QueuePolicy const& policy, Time now);
  Result<std::vector<Message>> take_group(sql::Transaction& tx, GroupRow& group,
                                          ReceiveRequest const& request, int max, Time now, Changes& changes);
  Result<std::optional<bool>> may_take(sql::Transaction& tx, GroupRow& group, Time now);
  Result<void> expire(sql::Transaction& tx, GroupRow& group, Time now, Changes& changes);
  // Kills `message`; the group's row is brought up to date but not stored.
  Result<void> kill(sql::Transaction& tx, GroupRow& group, MessageRow message, std::string const& cause,
                    Time now, Changes& changes);
  Result<bool> discard_one(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                           MessageId const& id, Time now, Changes& changes);
  Result<std::int64_t> clean_dead_letters(sql::Transaction& tx, std::string const& queue, int limit, Time now,
                                          Changes& changes);
  Result<std::int64_t> kill_outdated(sql::Transaction& tx, GroupKey const& key, Time now, Changes& changes);
  Result<void> store(sql::Transaction& tx, GroupRow const& group, Time now);
  [[nodiscard]] double luck();

  RuleBook book_;
  Mutex mutex_;
  std::mt19937_64 random_ HOIST_GUARDED_BY(mutex_);
  RoundRobin round_robin_;
};

}  // namespace hoist::sql_engine::queue
