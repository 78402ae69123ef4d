// What S3 and its like say about objects: notifications with Records, one or more, and events of EventBridge.
// Keys are form-encoded in the former and plain in the latter. What else is said, such as sizes and the order
// of events, is left out: who listens asks the store.
//
// Source   "Event message structure" and "Using EventBridge" of the Amazon S3 User Guide.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "ports/object_store.hpp"

namespace hoist::s3 {

// The objects that were created or removed; none in a test event. Errors: invalid for what is neither.
[[nodiscard]] Result<std::vector<ObjectRef>> parse_notification(std::string_view text);

}  // namespace hoist::s3
