// The consumer of a queue that shares its database with the rows its messages are about: settling a message,
// recording its effect and taking the next one are one commit. A capability: queues elsewhere do not have
// it, and what consumes them settles its rows first and the receipt afterwards (consumer.hpp).
//
// Promise  nothing happens unless the caller's transaction commits. A transaction sees what it has itself
//          settled, so that a consumer settles and goes on with one commit. Otherwise that of Consumer.
// Threads  engine threads of the database; settle_and_receive: any.
// Errors   those of Consumer.
// Contract tests/contract/joint_consumer_contract.hpp.
#pragma once

#include <string>
#include <vector>

#include "ports/consumer.hpp"
#include "sql/database.hpp"

namespace hoist {

struct Settled {
  std::vector<Result<void>> acknowledged;  // as asked, in order
  std::vector<Message> messages;
};

class JointConsumer {
 public:
  virtual ~JointConsumer() = default;
  // What may be delivered now, without waiting (`wait` is ignored).
  virtual Result<std::vector<Message>> receive(sql::Transaction& tx, ReceiveRequest const& request) = 0;
  virtual Result<void> acknowledge(sql::Transaction& tx, Receipt const& receipt) = 0;
  virtual Result<void> fail(sql::Transaction& tx, Receipt const& receipt, QueueFailure const& failure) = 0;
  // Takes back a message that waits. Errors: conflict while in flight or dead, not_found.
  virtual Result<void> cancel(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                              MessageId const& id) = 0;
  // Does a message of the group wait, or is one in flight?
  virtual Result<bool> holds(sql::Transaction& tx, std::string const& queue, TenantId const& tenant,
                             std::string const& group) = 0;
  // Acknowledges and receives in one transaction of its own, and waits like Consumer::receive: one sync for
  // each message of an ordered consumer.
  virtual Async<Settled> settle_and_receive(std::vector<Receipt> done, ReceiveRequest request,
                                            Deadline deadline) = 0;
};

}  // namespace hoist
