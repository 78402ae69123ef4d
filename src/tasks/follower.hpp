// A task follows what its queue does with its message.
//
// Threads  engine threads of the database.
#pragma once

#include "base/time.hpp"
#include "ports/lifecycle.hpp"

namespace hoist::tasks {

class TaskFollower final : public MessageFollower {
 public:
  Result<void> on(sql::Transaction& tx, QueueEvent const& event) override;
};

}  // namespace hoist::tasks
