// Does a caller who was admitted earlier still hold a valid credential? For connections that
// outlive one request.
// Errors   unauthenticated: the credential ended, was revoked, or its tenant is gone.
// Promise  a revocation is seen within a second of its commit.
#pragma once

#include "base/async.hpp"
#include "model/caller.hpp"

namespace hoist {

class CallerCheck {
 public:
  virtual ~CallerCheck() = default;
  virtual Async<> still_valid(Caller caller, Deadline deadline) = 0;
};

}  // namespace hoist
