// Who signed a request, and did they sign exactly this?
//
// Errors   the slug is the S3 protocol's own error code ("SignatureDoesNotMatch"), because clients
//          act on it. Nothing here repeats a signature in a message.
// Rules    one form of authentication per request, every parameter once, every x-amz-* header and
//          host signed. Anything else is refused, not repaired.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "aws/canonical.hpp"
#include "aws/signing_key.hpp"

namespace hoist::aws {

inline constexpr auto lifetime_max = std::chrono::seconds{604'800};
inline constexpr auto clock_skew_max = std::chrono::minutes{15};

// Clients fall back to it for endpoints that are not Amazon's, so the refusal says what to set.
inline constexpr std::string_view version_2_refused =
    "Signature Version 2 is not supported; sign with Version 4. boto3: Config(signature_version='s3v4'); "
    "AWS CLI: aws configure set default.s3.signature_version s3v4; s3cmd: signature_v2 = False.";

enum class AuthForm { header, query, policy };

struct Authorization {
  AuthForm form = AuthForm::header;
  std::string access_key_id;
  Scope scope;
  std::string date;  // X-Amz-Date as sent
  Time signed_at;
  std::chrono::seconds lifetime{0};         // query form only
  std::vector<std::string> signed_headers;  // lower case, sorted
  std::string signature;
  std::string payload_hash;  // X-Amz-Content-Sha256 as sent, or UNSIGNED-PAYLOAD

  [[nodiscard]] bool signs(std::string_view lower_header_name) const;
};

// Empty for a request that carries no authentication at all.
[[nodiscard]] Result<std::optional<Authorization>> parse_authorization(RequestView const& request);

// Parses "AKID/20130524/us-east-1/s3/aws4_request" into `into`.
[[nodiscard]] Result<void> parse_credential(std::string_view text, Authorization& into);

// Date, expiry and scope. Errors: RequestTimeTooSkewed, AccessDenied (expired), malformed scope.
[[nodiscard]] Result<void> verify_time_and_scope(Authorization const& authorization, std::string_view region,
                                                 Time now);
[[nodiscard]] Result<void> verify_signature(RequestView const& request, Authorization const& authorization,
                                            SigningKey const& key);

}  // namespace hoist::aws
