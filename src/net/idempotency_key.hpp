// What makes a repeated request the same request.
// Source   draft-ietf-httpapi-idempotency-key-header.
#pragma once

#include <string_view>

#include "net/message.hpp"

namespace hoist::net {

// "" when the header is absent. Lives as long as the request. Errors: invalid.
[[nodiscard]] Result<std::string_view> idempotency_key(Request const& request);

}  // namespace hoist::net
