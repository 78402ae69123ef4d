// The policy of a browser's form: until when, and what every field may be.
//
// Rule     every field must be covered by a condition, but for the signature, the policy, the file and
//          x-ignore-*; a policy that forgets a field does not allow it.
// Errors   InvalidPolicyDocument for a policy that is none, AccessDenied for one that is not met.
// Source   Amazon S3 "POST policy", "Authenticating requests: browser-based uploads".
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace hoist::s3api {

// Names in lower case.
using FormFields = std::map<std::string, std::string>;

struct PostPolicy {
  enum class Match { equal, starts_with };
  struct Condition {
    Match match = Match::equal;
    std::string field;  // lower case, without '$'
    std::string value;
  };
  Time expires_at;
  std::vector<Condition> conditions;
  std::int64_t bytes_min = 0;
  std::int64_t bytes_max = INT64_MAX;
};

[[nodiscard]] Result<PostPolicy> parse_post_policy(std::string_view json);
// `fields` include "bucket".
[[nodiscard]] Result<void> check_policy(PostPolicy const& policy, FormFields const& fields, Time now);

}  // namespace hoist::s3api
