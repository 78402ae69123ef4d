#include "s3api/post_policy.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "base/encode.hpp"
#include "base/json.hpp"
#include "base/try.hpp"

namespace hoist::s3api {
namespace {

constexpr std::size_t conditions_max = 200;

// These need no condition. Everything else does, or a stranger could add it to a signed form.
constexpr auto free_fields = std::to_array<std::string_view>({"policy", "x-amz-signature", "file"});

std::unexpected<Error> invalid_policy(std::string detail) {
  return fail(
      Error{Code::invalid, "Invalid Policy: " + std::move(detail)}.with_slug("InvalidPolicyDocument"));
}
std::unexpected<Error> denied(std::string detail) {
  return fail(
      Error{Code::forbidden, "Invalid according to Policy: " + std::move(detail)}.with_slug("AccessDenied"));
}

Result<void> take_object(json::object const& object, PostPolicy& policy) {
  for (auto const& [name, value] : object) {
    if (!value.is_string()) return invalid_policy("a condition's value must be a string.");
    policy.conditions.push_back({PostPolicy::Match::equal, to_lower(name), std::string{value.get_string()}});
  }
  return {};
}

Result<void> take_length_range(json::array const& array, PostPolicy& policy) {
  auto const number = [](json::value const& value) {
    return value.is_int64() && value.get_int64() >= 0 ? value.get_int64() : std::int64_t{-1};
  };
  auto const min = number(array[1]);
  auto const max = number(array[2]);
  if (min < 0 || max < min) return invalid_policy("content-length-range needs two numbers in order.");
  policy.bytes_min = std::max(policy.bytes_min, min);
  policy.bytes_max = std::min(policy.bytes_max, max);
  return {};
}

Result<void> take_array(json::array const& array, PostPolicy& policy) {
  if (array.size() != 3 || !array[0].is_string())
    return invalid_policy("a condition must have three elements.");
  auto const kind = to_lower(array[0].get_string());
  if (kind == "content-length-range") return take_length_range(array, policy);
  if (!array[1].is_string() || !array[2].is_string())
    return invalid_policy("a condition must be of strings.");
  auto const field = std::string_view{array[1].get_string()};
  if (!field.starts_with('$')) return invalid_policy("a condition's field must begin with '$'.");
  if (kind != "eq" && kind != "starts-with")
    return invalid_policy("the condition " + kind + " is not known.");
  policy.conditions.push_back({kind == "eq" ? PostPolicy::Match::equal : PostPolicy::Match::starts_with,
                               to_lower(field.substr(1)), std::string{array[2].get_string()}});
  return {};
}

bool holds(PostPolicy::Condition const& condition, FormFields const& fields) {
  auto const found = fields.find(condition.field);
  auto const value = found == fields.end() ? std::string_view{} : std::string_view{found->second};
  if (condition.match == PostPolicy::Match::equal) return value == condition.value;
  if (condition.field != "content-type") return value.starts_with(condition.value);
  // A list of types begins right only when each of them does.
  for (auto rest = value;;) {
    auto const item = rest.substr(0, rest.find(','));
    if (!trim(item).starts_with(condition.value)) return false;
    if (item.size() == rest.size()) return true;
    rest.remove_prefix(item.size() + 1);
  }
}

}  // namespace

Result<PostPolicy> parse_post_policy(std::string_view text) {
  auto const parsed = parse_json(text, {.depth_max = 4});
  if (!parsed || !parsed->is_object()) return invalid_policy("it must be a JSON object.");
  auto const& object = parsed->get_object();
  auto const* expiration = object.if_contains("expiration");
  auto const* conditions = object.if_contains("conditions");
  if (expiration == nullptr || !expiration->is_string()) return invalid_policy("it needs an expiration.");
  if (conditions == nullptr || !conditions->is_array()) return invalid_policy("it needs conditions.");
  if (conditions->get_array().size() > conditions_max) return invalid_policy("it has too many conditions.");
  auto policy = PostPolicy{};
  auto const written = std::string_view{expiration->get_string()};
  auto const expires_at = parse_rfc3339(written);
  if (!expires_at || !written.contains('T') || !written.ends_with('Z'))
    return invalid_policy("the expiration must be an ISO 8601 time.");
  policy.expires_at = *expires_at;
  for (auto const& condition : conditions->get_array()) {
    if (condition.is_object())
      CHECK(take_object(condition.get_object(), policy));
    else if (condition.is_array())
      CHECK(take_array(condition.get_array(), policy));
    else
      return invalid_policy("a condition must be an object or an array.");
  }
  return policy;
}

Result<void> check_policy(PostPolicy const& policy, FormFields const& fields, Time now) {
  if (now >= policy.expires_at) return denied("Policy expired.");
  auto covered = std::set<std::string_view>{};
  for (auto const& condition : policy.conditions) {
    if (!holds(condition, fields)) return denied("Policy Condition failed: " + condition.field);
    covered.insert(condition.field);
  }
  for (auto const& [name, value] : fields) {
    auto const free =
        std::ranges::find(free_fields, name) != free_fields.end() || name.starts_with("x-ignore-");
    if (!free && !covered.contains(name)) return denied("Extra input fields: " + name);
  }
  if (!covered.contains("bucket") || !covered.contains("key"))
    return denied("the policy must say which bucket and key.");
  return {};
}

}  // namespace hoist::s3api
