// One profile of the files that `aws configure` writes.
// Errors   invalid when a file cannot be read as such, or when AWS_PROFILE names a profile that is in
// neither. Limits   a file of up to profile_bytes_max. Source   AWS SDKs and Tools Reference Guide, "Shared
// config and credentials files".
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "aws/client/environment.hpp"
#include "base/error.hpp"

namespace hoist::aws {

inline constexpr std::size_t profile_bytes_max = 1 << 20;

using Profile = std::map<std::string, std::string, std::less<>>;

// That of AWS_PROFILE, or else "default"; empty when there are no files. What stands in the file of
// credentials goes before what stands in the file of settings.
[[nodiscard]] Result<Profile> read_profile(Environment const& environment);

// The settings below [`section`]. Nested ones, which are indented, are left out.
[[nodiscard]] Profile section_of(std::string_view file, std::string_view section);

}  // namespace hoist::aws
