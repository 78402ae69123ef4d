// The call that a request makes of a feature.
#pragma once

#include <string_view>

#include "model/call_context.hpp"
#include "net/message.hpp"

namespace hoist::net {

// `variant` stands for what the body does not say, as the query: with another one it is another request.
// Errors: invalid for an Idempotency-Key that is none.
[[nodiscard]] Result<CallContext> call_context(Request const& request, std::string_view variant = {});

}  // namespace hoist::net
