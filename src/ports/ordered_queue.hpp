// A queue of groups that is apart from every database of ours, as a function sends to it and is fed from it.
//
// Promise  messages of a group are delivered in the order in which send() answered for them, at least once,
//          and none while an earlier one of its group is with somebody. A repeat under the same key within
//          five minutes is no second message.
// Units    what a queue takes at most is its adapter's to say.
// Threads  any.
// Errors   invalid (a group, key or body that no queue takes), not_found (no such queue), forbidden,
//          throttled, unavailable, timeout.
// Contract tests/contract/ordered_queue_contract.hpp.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/async.hpp"

namespace hoist {

struct OrderedMessage {
  std::string group;
  std::string key;  // what tells repeats apart
  std::string body;
};

struct Queued {
  std::string id;        // the queue's own
  std::string sequence;  // digits; grows within a group, not by one
};

class OrderedSender {
 public:
  virtual ~OrderedSender() = default;
  // Answers once the message is durable. A repeat is answered as the first was.
  virtual Async<Queued> send(OrderedMessage message, Deadline deadline) = 0;
};

class Redelivery {
 public:
  virtual ~Redelivery() = default;
  // Has these messages, that somebody was handed, come again no sooner than this from now, nor much later.
  // Errors: gone, when one of the handles is of no delivery that is under way; the others were put off.
  virtual Async<> put_off(std::vector<std::string> handles, std::chrono::seconds delay,
                          Deadline deadline) = 0;
};

}  // namespace hoist
