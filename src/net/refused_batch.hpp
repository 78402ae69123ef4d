// A batch of which nothing was accepted, as a problem that also says what is wrong with each item.
#pragma once

#include <string_view>

#include "net/message.hpp"

namespace hoist::net {

// `answer` is the JSON object that a batch accepted in part would be answered with.
[[nodiscard]] Response refused_batch(std::string_view answer, std::string_view request_id);

}  // namespace hoist::net
