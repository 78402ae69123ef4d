// Messages of a FIFO queue of SQS as its event source mapping hands them to a function, and which of them
// have to come again.
//
// Rule     an event is of a queue when all of its records say so and it is no HTTP request: what a client
// sends
//          never becomes one.
// Source   "Using Lambda with Amazon SQS", "Reporting batch item failures".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/json.hpp"

namespace hoist::aws {

struct QueueRecord {
  std::string id;
  std::string handle;
  std::string group;
  std::string sequence;
  std::int64_t receives = 0;  // this one included
  std::string body;
};

// In their order. Errors: invalid for every other event, and for records of a queue without groups.
[[nodiscard]] Result<std::vector<QueueRecord>> read_queue_event(json::object const& event);
// `again`: ids of the messages that have to come again. Lambda deletes the others.
[[nodiscard]] std::string write_batch_answer(std::vector<std::string> const& again);

}  // namespace hoist::aws
