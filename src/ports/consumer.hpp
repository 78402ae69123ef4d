// Taking messages and settling them, each call by itself and outside of any transaction.
//
// Order    no two attempts of a group overlap, and a failed head keeps its place; messages of one group
//          settle in order. Groups do not wait for each other, and tenants share fairly (deficit round
//          robin).
// Promise  at least once: what is not settled while its receipt is good comes again. A receipt is fenced:
//          once lost (released, expired, or an earlier message of the same delivery was), it can change
//          nothing. Acknowledging again what this receipt acknowledged is success.
// Threads  any.
// Errors   invalid, conflict (the receipt is lost, or an earlier message of the group is not settled yet),
//          not_found, unavailable, timeout.
// Contract tests/contract/consumer_contract.hpp.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "ports/message.hpp"

namespace hoist {

struct ReceiveRequest {
  std::string queue;
  int max = 1;                    // 1-10
  Micros visibility{30'000'000};  // above 0, at most 12 hours, extensions included
  Micros wait{0};                 // long poll
};

// Failed this time: retried in place after `delay` (default: the queue's backoff with jitter), or
// dead with `cause` when attempts are used up or `permanent`.
struct QueueFailure {
  std::string cause;
  std::optional<Micros> delay;
  bool permanent = false;
};

class Consumer {
 public:
  virtual ~Consumer() = default;
  virtual Async<std::vector<Message>> receive(ReceiveRequest request, Deadline deadline) = 0;
  virtual Async<> acknowledge(Receipt receipt, Deadline deadline) = 0;
  virtual Async<> fail(Receipt receipt, QueueFailure failure, Deadline deadline) = 0;
  virtual Async<> extend(Receipt receipt, Micros visibility, Deadline deadline) = 0;  // heartbeat, from now
  // Gives it back untried: the attempt does not count, and the next receiver gets it at once.
  virtual Async<> release(Receipt receipt, Deadline deadline) = 0;
};

}  // namespace hoist
