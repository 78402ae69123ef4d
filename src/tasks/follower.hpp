// A task follows what its queue does with its message.
//
// Threads  engine threads of the database.
// Lifetime the clock outlives it.
#pragma once

#include "base/time.hpp"
#include "ports/lifecycle.hpp"

namespace hoist::tasks {

class TaskFollower final : public MessageFollower {
 public:
  explicit TaskFollower(Clock const& clock) : clock_{clock} {}
  Result<void> on(sql::Transaction& tx, QueueEvent const& event) override;

 private:
  Clock const& clock_;
};

}  // namespace hoist::tasks
