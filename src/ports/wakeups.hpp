// Wakes those who wait for news of a topic. The news themselves are rows with a dense sequence number; a
// watcher reads them from its cursor, so a lost wake-up delays but never loses.
//
// Threads  any.
// Contract tests/contract/wakeups_contract.hpp.
#pragma once

#include <memory>

#include "base/async.hpp"
#include "model/topic.hpp"

namespace hoist {

class Wakeups {
 public:
  virtual ~Wakeups() = default;
  // At once. For news that a transaction writes there is sql::Transaction::notify().
  virtual void notify(Topic const& topic) = 0;
  // The topic's signal: take a ticket, read from the cursor, wait for the ticket to age.
  virtual std::shared_ptr<Signal> watch(Topic const& topic) = 0;
};

}  // namespace hoist
