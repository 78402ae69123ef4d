// Compact JSON Web Signatures, taken apart. Whatever has a second spelling is refused: padding, other
// alphabets, members that stand twice.
// Errors   unauthenticated with slug token_invalid; the cause is for the log.
// Source   RFC 7515, RFC 8725.
#pragma once

#include <string>
#include <string_view>

#include "base/json.hpp"
#include "base/time.hpp"

namespace hoist::tenants {

constexpr std::chrono::seconds token_skew_max{60};
constexpr std::int64_t token_latest_s = 253'402'300'799;  // the last second of the year 9999

[[nodiscard]] std::unexpected<Error> token_refused(std::string cause);
[[nodiscard]] std::unexpected<Error> token_expired();

// Still encoded. Lifetime: that of the token.
struct JwsParts {
  std::string_view header;
  std::string_view payload;
  std::string_view signature;
  std::string_view signed_text;  // header and payload with the dot between
};

[[nodiscard]] Result<JwsParts> split_jws(std::string_view token, std::size_t bytes_max);
// An object, always.
[[nodiscard]] Result<json::value> decode_jws_object(std::string_view part, std::size_t depth_max = 4);

}  // namespace hoist::tenants
