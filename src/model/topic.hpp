// What one can wait for news of. The news themselves are rows; see ports/wakeups.hpp.
#pragma once

#include <string>

#include "model/ids.hpp"

namespace hoist {

using Topic = Name<struct TopicTag>;

[[nodiscard]] inline Topic uploads_of(TenantId const& tenant) {
  return Topic{"uploads/" + tenant.str()};
}
[[nodiscard]] inline Topic events_of(TenantId const& log) {
  return Topic{"events/" + log.str()};
}
[[nodiscard]] inline Topic messages_of(std::string const& queue) {
  return Topic{"messages/" + queue};
}

}  // namespace hoist
