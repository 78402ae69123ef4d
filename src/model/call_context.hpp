// Who calls, and how: what a feature is told beside what is wanted of it. The HTTP face makes it of a
// request (net/call_context.hpp).
#pragma once

#include <string>

#include "base/time.hpp"
#include "model/caller.hpp"

namespace hoist {

struct CallContext {
  Caller caller;
  std::string idempotency_key;  // empty: none
  std::string body_sha256;      // hex; only with a key
  std::string request_id;
  std::string trace_parent;  // W3C; goes with the work to the worker that does it
  Deadline deadline;
};

}  // namespace hoist
