// Bytes as text and back. Decoders are strict: anything not canonical is refused, because two
// spellings of one token or key are how checks are slipped past.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hoist {

[[nodiscard]] std::string hex(std::string_view bytes);
[[nodiscard]] std::optional<std::string> unhex(std::string_view text);  // lower case only

[[nodiscard]] std::string base64(std::string_view bytes);
[[nodiscard]] std::optional<std::string> unbase64(std::string_view text);  // padded
[[nodiscard]] std::string base64url(std::string_view bytes);               // no padding
[[nodiscard]] std::optional<std::string> unbase64url(std::string_view text);

// RFC 3986 unreserved characters stay; `keep_slash` for paths. Upper-case hex digits.
[[nodiscard]] std::string percent_encode(std::string_view text, bool keep_slash = false);
// nullopt for a broken escape. A plus sign stays a plus sign.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text);

[[nodiscard]] bool is_utf8(std::string_view text);           // well-formed per RFC 3629
[[nodiscard]] std::string to_lower(std::string_view text);   // ASCII
[[nodiscard]] std::string_view trim(std::string_view text);  // ASCII white space
[[nodiscard]] bool equal_constant_time(std::string_view a, std::string_view b);

}  // namespace hoist
