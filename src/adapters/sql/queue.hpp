// A queue over any Database, with all that a queue can do: the engine of queue_engine.hpp with waiting and
// metrics.
//
// Threads  any.
// Lifetime outlives its users; the database, wakeups and metrics outlive it.
// Time     the database's, of each transaction.
// Waiting  a long poll watches its queue's topic, which commits of any process tell where the engine's
//          wakeups reach other processes, and looks again by itself when the next retry, delay or lease is
//          due and at least every poll_max.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>

#include "base/metrics.hpp"
#include "ports/dead_letters.hpp"
#include "ports/joint_consumer.hpp"
#include "ports/outbox.hpp"
#include "ports/queue_registry.hpp"
#include "ports/queue_upkeep.hpp"
#include "ports/wakeups.hpp"

namespace hoist::sql_engine {

struct QueueOptions {
  std::uint64_t seed = 0;  // of the jitter; 0: from the system
  std::chrono::milliseconds poll_max{1000};
};

class Queue : public QueueRegistry,
              public Outbox,
              public Consumer,
              public JointConsumer,
              public DeadLetters,
              public QueueUpkeep {
 public:
  using Consumer::acknowledge;
  using Consumer::fail;
  using Consumer::receive;
  using JointConsumer::acknowledge;
  using JointConsumer::fail;
  using JointConsumer::receive;
};

[[nodiscard]] std::unique_ptr<Queue> make_queue(sql::Database& database, Wakeups& wakeups, Metrics& metrics,
                                                QueueOptions options = {});

}  // namespace hoist::sql_engine
