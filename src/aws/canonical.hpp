// The canonical form of a request, which is what a signature signs.
//
// Source   AWS Signature Version 4 for Amazon S3: the path is encoded once and never normalised.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist::aws {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using PairsView = std::span<Pairs::value_type const>;

inline constexpr std::string_view algorithm_name = "AWS4-HMAC-SHA256";
inline constexpr std::string_view unsigned_payload = "UNSIGNED-PAYLOAD";
inline constexpr std::string_view empty_payload_sha256 =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

// A request as the signature sees it. Names and values are decoded.
struct RequestView {
  std::string_view method;
  std::string_view path;
  PairsView query;
  PairsView headers;  // in order of arrival; names in any case
};

// "20130524T000000Z" and back. Errors: invalid.
[[nodiscard]] std::string amz_date(Time time);
[[nodiscard]] Result<Time> parse_amz_date(std::string_view text);

// Sorted, encoded, joined with '&'; `except` is left out.
[[nodiscard]] std::string canonical_query(PairsView query, std::string_view except = {});

// `signed_headers` in lower case and sorted. A missing header counts as empty, so a signature over a
// header the client left out does not match.
[[nodiscard]] std::string canonical_request(RequestView const& request,
                                            std::span<std::string const> signed_headers,
                                            std::string_view payload_hash,
                                            std::string_view query_except = {});

// The value a header has in canonical form: trimmed, runs of spaces made one, repeats joined by ','.
[[nodiscard]] std::string canonical_header(PairsView headers, std::string_view lower_name);

[[nodiscard]] std::string string_to_sign(std::string_view date, std::string_view scope,
                                         std::string_view canonical_request);

}  // namespace hoist::aws
