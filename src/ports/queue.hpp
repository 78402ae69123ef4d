// One queue engine for processing, tasks, webhooks, erasure and export.
//
// Order    inside a group, messages are delivered in the order of `sequence`, which is commit
//          order; a failed head keeps its place; no two attempts of a group overlap. Groups do
//          not wait for each other, and tenants share fairly (deficit round robin).
// Promise  at least once. After send's transaction commits the message is on disk. A receipt is
//          fenced: once lost (released, expired, or an earlier message of the same delivery was),
//          it can change nothing. Messages of one group settle in order; acknowledging again what
//          this receipt acknowledged is success. Looking never counts as an attempt.
// Threads  any.
// Errors   invalid, conflict (dedup key reused with another body; receipt fenced; not in a state
//          that allows it), not_found, too_large, throttled (depth limit), unavailable, timeout.
// Contract tests/contract/queue_contract.hpp.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/time.hpp"
#include "model/ids.hpp"
#include "sql/database.hpp"

namespace hoist {

inline constexpr auto queue_body_bytes_max = std::size_t{256 * 1024};
inline constexpr auto queue_name_bytes_max = std::size_t{128};  // queues, groups, dedup keys
inline constexpr auto queue_receive_max = 10;
inline constexpr auto queue_visibility_max = Micros{12 * 3600 * 1'000'000LL};
inline constexpr auto queue_delay_max = Micros{366 * 24 * 3600 * 1'000'000LL};

struct Outgoing {
  std::string queue;
  TenantId tenant;
  std::string group;      // 1-128 visible characters; order holds inside (tenant, group)
  std::string body;       // at most 256 KiB
  std::string dedup_key;  // empty: none. Unique per (tenant, queue) inside the dedup window
  Micros delay{0};        // holds back the group's later messages too
};

struct Sent {
  MessageId id;
  std::int64_t sequence = 0;
  bool duplicate = false;  // the other members are those of the first
  std::string chain;       // order receipt, hex: model/chain.hpp says over what
  Time sent_at;            // as in the chain; not known of a duplicate
};

struct Receipt {
  MessageId id;
  std::string queue;
  std::int64_t attempt = 0;  // 1 at the first delivery
  TenantId tenant;
  std::string group;
  std::int64_t sequence = 0;
  std::int64_t fence = 0;  // grows with every delivery and every loss of the group
};

struct Message {
  Receipt receipt;
  TenantId tenant;
  std::string group;
  std::string body;
  std::int64_t sequence = 0;
  Time sent_at;
  std::int64_t attempts_max = 0;  // this is the last attempt when receipt.attempt equals it
  Time visible_until;             // the receipt is lost then, unless extended
};

struct ReceiveRequest {
  std::string queue;
  int max = 1;                    // 1-10
  Micros visibility{30'000'000};  // above 0, at most 12 hours, extensions included
  Micros wait{0};                 // long poll
};

struct DeadLetter {
  MessageId id;
  std::string queue;
  TenantId tenant;
  std::string group;
  std::string body;
  std::int64_t sequence = 0;
  std::int64_t attempts = 0;
  std::string cause;
  Time died_at;
};

// What happens to a group when a message of it is dead.
enum class OnDead {
  skip,        // the survivors go on in their order
  block,       // the group waits until the dead letter is redriven or discarded
  park_group,  // all that wait behind it become dead letters with it; later arrivals start afresh
};

enum class DedupScope { queue, group };

// Something happened to a message without (or beside) its worker saying so.
struct QueueEvent {
  enum class Kind { expired, retrying, dead, redriven, cancelled };
  Kind kind = Kind::retrying;
  DeadLetter message;            // died_at only for dead
  std::optional<Time> retry_at;  // expired and retrying
};

struct QueuePolicy {
  std::int64_t attempts_max = 3;
  Micros backoff_base{1'000'000};  // doubles with every failure, +-20 % jitter
  Micros backoff_max{300'000'000};
  OnDead on_dead = OnDead::skip;
  std::int64_t depth_max = 1'000'000;            // messages of one tenant that are not settled or dead
  Micros retention{14 * 86'400'000'000LL};       // then a waiting message is dead, "expired"
  Micros dead_retention{30 * 86'400'000'000LL};  // then a dead letter is removed
  Micros dedup_window{300'000'000};              // from the first send
  DedupScope dedup_scope = DedupScope::queue;
  bool content_dedup = false;          // without a key, SHA-256 of the body is the key
  std::optional<Micros> forget_group;  // forget empty groups (and their sequence) after this time
  // Called inside the transaction of the event by adapters over SQL, so that a feature's own rows
  // follow messages that die without their worker. Must only use the transaction.
  std::function<Result<void>(sql::Transaction&, QueueEvent const&)> observe;
};

// Failed this time: retried in place after `delay` (default: the queue's backoff with jitter), or
// dead with `cause` when attempts are used up or `permanent`.
struct QueueFailure {
  std::string cause;
  std::optional<Micros> delay;
  bool permanent = false;
};

struct FailureOutcome {
  bool dead = false;
  std::int64_t attempts = 0;  // failed so far
  std::optional<Time> retry_at;
};

struct Settled {
  std::vector<Result<void>> acknowledged;  // as asked, in order
  std::vector<Message> messages;
};

struct MessageInfo {
  enum class State { waiting, in_flight, dead };
  MessageId id;
  std::string queue;
  TenantId tenant;
  std::string group;
  std::string body;
  std::int64_t sequence = 0;
  State state = State::waiting;
  std::int64_t attempts = 0;  // failed so far
  std::string last_error;
  Time sent_at;
  Time ready_at;           // earliest next attempt of the message itself
  std::int64_t ahead = 0;  // messages of the group that go first; counted by find() only
};

struct GroupInfo {
  enum class State { idle, ready, in_flight, delayed, retrying, blocked };
  State state = State::idle;
  std::int64_t depth = 0;          // not settled and not dead
  std::int64_t last_sequence = 0;  // of the newest message ever sent
  std::string chain;               // of that message
  // Who everybody in the group waits for: the head, or the dead letter that blocks.
  std::optional<MessageInfo> head;
  std::optional<Time> next_attempt_at;  // delayed, retrying; in_flight: when the lease ends
};

struct QueueStats {
  std::int64_t waiting = 0;  // in-flight ones not counted
  std::int64_t in_flight = 0;
  std::int64_t dead = 0;
  std::int64_t groups = 0;  // with messages that are not settled
  std::int64_t blocked_groups = 0;
  std::optional<Time> oldest_sent_at;  // of the groups' heads
  Micros head_age_p99{0};
};

struct RedriveItem {
  DeadLetter letter;
  std::int64_t overtaken_by = 0;         // later messages of its group that are already settled
  std::vector<std::int64_t> overtakers;  // their sequences, the first 100
};

class Queue {
 public:
  using Failure = QueueFailure;

  virtual ~Queue() = default;

  // Before first use of a name; undeclared queues have the default policy. Declaring the same
  // again is fine; another policy for the same name is a conflict.
  virtual Result<void> declare(std::string queue, QueuePolicy policy) = 0;

  // Parts of the caller's transaction: nothing happens unless it commits.
  virtual Result<Sent> send(sql::Transaction& tx, Outgoing message) = 0;
  // The same for many of one queue and tenant, in their order; all of them or an error.
  virtual Result<std::vector<Sent>> send_all(sql::Transaction& tx, std::span<Outgoing const> messages);
  // What may be delivered now, without waiting (`wait` is ignored). Over SQL it sees what the same
  // transaction settled, so that a consumer settles and goes on with one commit.
  virtual Result<std::vector<Message>> receive(sql::Transaction& tx, ReceiveRequest const& request) = 0;
  virtual Result<void> acknowledge(sql::Transaction& tx, Receipt const& receipt) = 0;
  virtual Result<FailureOutcome> fail(sql::Transaction& tx, Receipt const& receipt,
                                      Failure const& failure) = 0;
  // Takes back a message that waits. Errors: conflict while in flight or dead, not_found.
  virtual Result<void> cancel(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                              MessageId const& id) = 0;

  virtual Async<std::vector<Message>> receive(ReceiveRequest request, Deadline deadline) = 0;
  virtual Async<> acknowledge(Receipt receipt, Deadline deadline) = 0;
  virtual Async<> fail(Receipt receipt, Failure failure, Deadline deadline) = 0;
  virtual Async<> extend(Receipt receipt, Micros visibility, Deadline deadline) = 0;  // heartbeat, from now
  // Gives it back untried: the attempt does not count, and the next receiver gets it at once.
  virtual Async<> release(Receipt receipt, Deadline deadline) = 0;
  // Acknowledges and receives in one transaction: one sync for each message of an ordered consumer.
  virtual Async<Settled> settle_and_receive(std::vector<Receipt> done, ReceiveRequest request,
                                            Deadline deadline) = 0;

  // In order of id, which is order of sending; pass the last one's id to go on.
  virtual Async<std::vector<DeadLetter>> dead_letters(std::string queue, TenantId tenant, MessageId after,
                                                      int limit, Deadline deadline) = 0;
  // Dead letters with these ids (all of the queue when empty) wait again, in original order.
  // Ids that are not dead letters (any more) are passed over, so repeating it does nothing.
  virtual Async<std::int64_t> redrive(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                      Deadline deadline) = 0;
  // What redrive would do, without doing it.
  virtual Async<std::vector<RedriveItem>> plan_redrive(std::string queue, TenantId tenant,
                                                       std::vector<MessageId> ids, Deadline deadline) = 0;
  // Removes dead letters for good; a group they block goes on.
  virtual Async<std::int64_t> discard(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                      Deadline deadline) = 0;
  // Removes every message of the tenant, dead and in flight included, and the dedup memory.
  virtual Async<std::int64_t> purge(std::string queue, TenantId tenant, Deadline deadline) = 0;

  // Looking.
  virtual Async<std::optional<MessageInfo>> find(std::string queue, TenantId tenant, MessageId id,
                                                 Deadline deadline) = 0;
  virtual Async<std::vector<MessageInfo>> list(std::string queue, TenantId tenant, std::string group,
                                               std::int64_t after_sequence, int limit, Deadline deadline) = 0;
  virtual Async<GroupInfo> group(std::string queue, TenantId tenant, std::string group,
                                 Deadline deadline) = 0;
  // Of one tenant, or of all with system_scope().
  virtual Async<QueueStats> stats(std::string queue, TenantId tenant, Deadline deadline) = 0;

  // Housekeeping, every minute or so: retention, dedup windows, and the gauges. Answers how many
  // rows went.
  virtual Async<std::int64_t> maintain(Deadline deadline) = 0;
};

inline Result<std::vector<Sent>> Queue::send_all(sql::Transaction& tx, std::span<Outgoing const> messages) {
  auto all = std::vector<Sent>{};
  all.reserve(messages.size());
  for (auto const& message : messages) {
    auto sent = send(tx, message);
    if (!sent) return std::unexpected{sent.error()};
    all.push_back(std::move(*sent));
  }
  return all;
}

}  // namespace hoist
