// What a queue was declared with, and the bounds that every call keeps.
//
// Threads  any.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "base/mutex.hpp"
#include "ports/consumer.hpp"
#include "ports/outbox.hpp"
#include "ports/queue_registry.hpp"

namespace hoist::sql_engine::queue {

struct Rules : QueuePolicy {
  MessageFollower* follower = nullptr;
  bool operator==(Rules const&) const = default;
  Result<void> tell(sql::Transaction& tx, QueueEvent const& event) const;
};

class RuleBook {
 public:
  // Errors: invalid, conflict.
  Result<void> declare(std::string const& queue, Rules rules);
  [[nodiscard]] std::shared_ptr<Rules const> of(std::string const& queue) const;

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Rules const>> rules_ HOIST_GUARDED_BY(mutex_);
};

// Errors: invalid, too_large.
Result<void> check_outgoing(Outgoing const& message);
Result<void> check_receive(ReceiveRequest const& request);

}  // namespace hoist::sql_engine::queue
