// Any bytes as a POST policy: none lets a field through that it does not speak of.
#include <cstdint>
#include <string>

#include "base/assert.hpp"
#include "s3api/post_policy.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  using namespace hoist;
  using namespace hoist::s3api;
  auto const policy = parse_post_policy({reinterpret_cast<char const*>(data), size});
  if (!policy) return 0;
  HOIST_ASSERT(policy->bytes_min >= 0 && policy->bytes_min <= INT64_MAX);
  auto fields = FormFields{{"bucket", "b"}, {"key", "k"}, {"policy", "p"}};
  for (auto const& condition : policy->conditions) fields[condition.field] = condition.value;
  auto const before = policy->expires_at - Micros{1};
  auto const met = check_policy(*policy, fields, before).has_value();
  fields["a field of nobody"] = "x";
  HOIST_ASSERT(!check_policy(*policy, fields, before));
  HOIST_ASSERT(!met || !check_policy(*policy, fields, policy->expires_at));
  return 0;
}
