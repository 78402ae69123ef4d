// The names of things. All are text in SQL and JSON.
#pragma once

#include "base/id.hpp"

namespace hoist {

using TenantId = Name<struct TenantTag>;    // [a-z0-9-]{1,63}, chosen by the operator
using UserId = Name<struct UserTag>;        // 1-128 visible characters, from the token
using ProjectId = Name<struct ProjectTag>;  // [A-Za-z0-9._-]{1,64}, chosen by the caller
using UploadId = Name<struct UploadTag>;    // UUID version 7
using BatchId = Name<struct BatchTag>;      // UUID version 7
using TaskId = Name<struct TaskTag>;        // UUID version 7
using EventId = Name<struct EventTag>;      // UUID
using MessageId = Name<struct MessageTag>;  // UUID version 7

}  // namespace hoist
