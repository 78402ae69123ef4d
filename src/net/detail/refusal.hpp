// Inside of the server: answers of its own, before any handler was asked.
#pragma once

#include <string>
#include <string_view>

#include "net/message.hpp"

namespace hoist::net {

[[nodiscard]] Response refusal_response(int status, std::string_view reason, std::string_view request_id);
// The same as bytes, for a connection that is closed behind it.
[[nodiscard]] std::string refusal_text(int status, std::string_view reason, std::string_view request_id,
                                       std::string_view date);

}  // namespace hoist::net
