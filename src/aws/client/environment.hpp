// The variables that AWS tools agree on, as values, so that tests need not change those of their process.
// Source   AWS SDKs and Tools Reference Guide, "Environment variables list".
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace hoist::aws {

using Environment = std::map<std::string, std::string, std::less<>>;

[[nodiscard]] Environment process_environment();  // AWS_... and HOME
[[nodiscard]] std::string value_of(Environment const& environment, std::string_view name);  // "" when absent

}  // namespace hoist::aws
