// A queue in memory that shares no database with anybody's rows, like the queues of cloud providers: a plain
// model of the rules, without any concern for speed. It has no JointConsumer.
//
// Threads    any; one mutex.
// Promise    that of the ports, except that nothing outlives the object.
// Transactions  what is sent, redriven or discarded in one is checked at once and applied when it commits.
// Followers  hear of what happens in a transaction of its own, on `database`: before the call that brought it
//            about answers, and again if that transaction fails.
// Lifetime   the clock and the database outlive it.
#pragma once

#include <atomic>
#include <memory>

#include "ports/consumer.hpp"
#include "ports/dead_letters.hpp"
#include "ports/outbox.hpp"
#include "ports/queue_registry.hpp"
#include "ports/queue_upkeep.hpp"

namespace hoist::memory {

class Rules;

class MemoryQueue final : public QueueRegistry,
                          public Outbox,
                          public Consumer,
                          public DeadLetters,
                          public QueueUpkeep {
 public:
  // Switched by tests at any time.
  struct Faults {
    std::atomic<bool> unavailable = false;   // every call is refused and does nothing
    std::atomic<bool> lose_answers = false;  // every call outside a transaction works but says it did not
  };

  MemoryQueue(Clock const& clock, sql::Database& database);
  ~MemoryQueue() override;

  Faults faults;

  // Refuses any on_dead but skip: a queue of this shape cannot hold up or move a group.
  Result<void> declare(std::string queue, QueuePolicy policy, MessageFollower* follower = nullptr) override;
  Result<std::vector<Sent>> send(sql::Transaction& tx, std::span<Outgoing const> messages) override;
  Async<std::vector<Message>> receive(ReceiveRequest request, Deadline deadline) override;
  Async<> acknowledge(Receipt receipt, Deadline deadline) override;
  Async<> fail(Receipt receipt, QueueFailure failure, Deadline deadline) override;
  Async<> extend(Receipt receipt, Micros visibility, Deadline deadline) override;
  Async<> release(Receipt receipt, Deadline deadline) override;
  Async<std::vector<DeadLetter>> list(std::string queue, TenantId tenant, MessageId after, int limit,
                                      Deadline deadline) override;
  Async<std::vector<RedriveItem>> plan(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                       Deadline deadline) override;
  Result<std::int64_t> redrive(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                               std::span<MessageId const> ids) override;
  Result<std::int64_t> discard(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                               std::span<MessageId const> ids) override;
  Async<std::int64_t> maintain(Deadline deadline) override;
  Async<QueueStats> stats(std::string queue, Scope scope, Deadline deadline) override;
  Async<std::int64_t> purge(std::string queue, TenantId tenant, Deadline deadline) override;

 private:
  class Model;
  template <class T, class F>
  Async<T> answer(F work, Deadline deadline);
  template <class T, class F>
  Async<T> change(F work, Deadline deadline);
  Async<> tell_followers(Deadline deadline);
  using Change = std::int64_t (Rules::*)(std::string const&, TenantId const&, std::vector<MessageId> const&);
  Result<std::int64_t> change_dead(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                                   std::span<MessageId const> ids, QueueEvent::Kind kind, Change change);

  sql::Database& database_;
  std::shared_ptr<Model> model_;
};

}  // namespace hoist::memory
