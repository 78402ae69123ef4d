// A batch of which nothing was accepted, as a problem that also says what is wrong with each item.
#pragma once

#include <string_view>

#include "net/message.hpp"

namespace hoist::net {

// `answer` is the JSON object that a batch accepted in part would be answered with.
[[nodiscard]] Response refused_batch(std::string_view answer, std::string_view request_id);

// What is wrong with one item, beside others that were accepted.
[[nodiscard]] json::object refused_item(std::size_t index, Error const& error);

}  // namespace hoist::net
