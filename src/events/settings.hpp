// What operators set for the event log.
#pragma once

#include <chrono>

namespace hoist::events {

struct Settings {
  std::chrono::seconds retention{0};  // of tenants without a rule of their own; 0: for ever
};

}  // namespace hoist::events
