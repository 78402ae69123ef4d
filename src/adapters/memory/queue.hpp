// The Queue port in memory: a plain model of the rules, without any concern for speed, for tests
// and as the yardstick other adapters are compared with.
//
// Threads    any; one mutex.
// Promise    that of the port, except that nothing outlives the object and QueuePolicy::observe is
//            never called (there is no transaction to call it in).
// Transactions  what is done inside one is checked at once, held back, and applied when it
//            commits; a transaction that does not commit drops it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "ports/queue.hpp"

namespace hoist::memory {

class Rules;

class MemoryQueue final : public Queue {
 public:
  // Switched by tests at any time.
  struct Faults {
    std::atomic<bool> unavailable = false;   // every call is refused and does nothing
    std::atomic<bool> lose_answers = false;  // every call outside a transaction works but says it did not
  };

  explicit MemoryQueue(Clock const& clock);
  ~MemoryQueue() override;

  Faults faults;

  Result<void> declare(std::string queue, QueuePolicy policy) override;
  Result<Sent> send(sql::Transaction& tx, Outgoing message) override;
  // Delivers at once and takes it back if the transaction is dropped; what the same transaction
  // settles is not seen yet.
  Result<std::vector<Message>> receive(sql::Transaction& tx, ReceiveRequest const& request) override;
  Result<void> acknowledge(sql::Transaction& tx, Receipt const& receipt) override;
  Result<FailureOutcome> fail(sql::Transaction& tx, Receipt const& receipt, Failure const& failure) override;
  Result<void> cancel(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                      MessageId const& id) override;
  Async<std::vector<Message>> receive(ReceiveRequest request, Deadline deadline) override;
  Async<> acknowledge(Receipt receipt, Deadline deadline) override;
  Async<> fail(Receipt receipt, Failure failure, Deadline deadline) override;
  Async<> extend(Receipt receipt, Micros visibility, Deadline deadline) override;
  Async<> release(Receipt receipt, Deadline deadline) override;
  Async<Settled> settle_and_receive(std::vector<Receipt> done, ReceiveRequest request,
                                    Deadline deadline) override;
  Async<std::vector<DeadLetter>> dead_letters(std::string queue, TenantId tenant, MessageId after, int limit,
                                              Deadline deadline) override;
  Async<std::int64_t> redrive(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                              Deadline deadline) override;
  Async<std::vector<RedriveItem>> plan_redrive(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                                               Deadline deadline) override;
  Async<std::int64_t> discard(std::string queue, TenantId tenant, std::vector<MessageId> ids,
                              Deadline deadline) override;
  Async<std::int64_t> purge(std::string queue, TenantId tenant, Deadline deadline) override;
  Async<std::optional<MessageInfo>> find(std::string queue, TenantId tenant, MessageId id,
                                         Deadline deadline) override;
  Async<std::vector<MessageInfo>> list(std::string queue, TenantId tenant, std::string group,
                                       std::int64_t after_sequence, int limit, Deadline deadline) override;
  Async<GroupInfo> group(std::string queue, TenantId tenant, std::string group, Deadline deadline) override;
  Async<QueueStats> stats(std::string queue, TenantId tenant, Deadline deadline) override;
  Async<std::int64_t> maintain(Deadline deadline) override;

 private:
  class Model;
  template <class T, class F>
  Async<T> answer(F work);
  void when_committed(sql::Transaction& tx, std::move_only_function<void(Rules&)> change);

  Clock const& clock_;
  std::shared_ptr<Model> model_;
};

}  // namespace hoist::memory
