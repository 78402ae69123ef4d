// Where a service answers.
// Errors   invalid for an address that is none, naming the variable that holds it.
// Source   AWS SDKs and Tools Reference Guide, "Service-specific endpoints".
#pragma once

#include <string>
#include <string_view>

#include "aws/client/environment.hpp"
#include "base/error.hpp"

namespace hoist::aws {

// AWS_ENDPOINT_URL_SQS goes before AWS_ENDPOINT_URL, and both before the service's own address in `region`;
// AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true leaves only that. Without a slash at its end.
[[nodiscard]] Result<std::string> endpoint_of(std::string_view service, std::string_view region,
                                              Environment const& environment);

}  // namespace hoist::aws
