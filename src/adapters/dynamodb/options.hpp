// What operators set for the details of events in DynamoDB.
#pragma once

#include <chrono>
#include <string>

namespace hoist::dynamodb {

struct EventDetailsOptions {
  std::string table;              // empty: details are kept by the engine
  std::chrono::seconds keep{0};   // DynamoDB removes details this long after they came; 0: never
  std::size_t puts_at_once = 16;  // of one call
};

}  // namespace hoist::dynamodb
