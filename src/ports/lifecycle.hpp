// What happens to a message without its sender or its worker saying so, told to the feature whose rows follow
// it. Registered once per queue: QueueRegistry::declare.
//
// Promise  a queue that has a JointConsumer calls in the transaction of the event: an error keeps the message
//          as it was. Any other queue calls in a transaction of its own and may repeat itself, so a follower
//          asks its rows whether the event is news.
// Threads  engine threads of the database.
// Lifetime lives as long as its queue is used.
#pragma once

#include <optional>

#include "ports/dead_letters.hpp"
#include "sql/database.hpp"

namespace hoist {

struct QueueEvent {
  enum class Kind { expired, retrying, dead, redriven, discarded, cancelled };
  Kind kind = Kind::retrying;
  DeadLetter message;            // died_at only for dead and discarded
  std::optional<Time> retry_at;  // expired and retrying
  bool blocks = false;           // dead: its group waits for it from now on
};

class MessageFollower {
 public:
  virtual ~MessageFollower() = default;
  // Must only use the transaction and its after_commit.
  virtual Result<void> on(sql::Transaction& tx, QueueEvent const& event) = 0;
};

}  // namespace hoist
