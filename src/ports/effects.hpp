// What was done, by the key of its effect: the memory of who works on messages where there is no database.
//
// Promise  of all that record a key, at most one is told that it was the first, and none is, once one was
// told
//          that it was not. What was recorded is found from then on, for as long as effects are kept.
// Threads  any.
// Errors   forbidden, throttled, unavailable, timeout, not_found (no such table).
// Contract tests/contract/effects_contract.hpp.
#pragma once

#include <cstdint>
#include <string>

#include "base/async.hpp"
#include "model/ids.hpp"

namespace hoist {

struct Effect {
  std::string key;
  TenantId tenant;
  std::string group;
  std::string sequence;  // of the queue
  std::int64_t attempt = 0;
};

class Effects {
 public:
  virtual ~Effects() = default;
  virtual Async<bool> is_recorded(std::string key, Deadline deadline) = 0;
  virtual Async<bool> record(Effect effect, Deadline deadline) = 0;  // true: it was the first
};

}  // namespace hoist
