// The queue of the engine that a test stands on (test_engine.hpp), as features know it.
//
// Lifetime  what it is given outlives it.
#pragma once

#include <concepts>
#include <memory>
#include <variant>

#include "adapters/memory/queue.hpp"
#include "adapters/sql/queue.hpp"
#include "support/test_engine.hpp"

namespace hoist::testing {

class TestQueue {
 public:
  TestQueue(sql::Database& database, Wakeups& wakeups, Clock const& clock, Metrics& metrics,
            sql_engine::QueueOptions options = {.seed = 1}) {
    if (over_memory_engine())
      keep(std::make_unique<memory::MemoryQueue>(clock, database));
    else
      keep(sql_engine::make_queue(database, wakeups, metrics, options));
  }

  [[nodiscard]] QueueRegistry& registry() const { return *registry_; }
  [[nodiscard]] Outbox& outbox() const { return *outbox_; }
  [[nodiscard]] Consumer& consumer() const { return *consumer_; }
  [[nodiscard]] JointConsumer* joint() const { return joint_; }  // none of the memory engine
  [[nodiscard]] DeadLetters& letters() const { return *letters_; }
  [[nodiscard]] QueueUpkeep& upkeep() const { return *upkeep_; }

 private:
  template <class Queue>
  void keep(std::unique_ptr<Queue> queue) {
    registry_ = queue.get();
    outbox_ = queue.get();
    consumer_ = queue.get();
    letters_ = queue.get();
    upkeep_ = queue.get();
    if constexpr (std::derived_from<Queue, JointConsumer>) joint_ = queue.get();
    owner_ = std::move(queue);
  }

  std::variant<std::unique_ptr<sql_engine::Queue>, std::unique_ptr<memory::MemoryQueue>> owner_;
  QueueRegistry* registry_ = nullptr;
  Outbox* outbox_ = nullptr;
  Consumer* consumer_ = nullptr;
  JointConsumer* joint_ = nullptr;
  DeadLetters* letters_ = nullptr;
  QueueUpkeep* upkeep_ = nullptr;
};

}  // namespace hoist::testing
