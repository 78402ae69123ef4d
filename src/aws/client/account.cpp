#include "aws/client/account.hpp"

#include "aws/client/profile.hpp"
#include "base/log.hpp"

namespace hoist::aws {
namespace {

constexpr auto skew_min = std::chrono::minutes{4};  // services bear 5, some 15

std::string region_of(Environment const& environment) {
  for (auto const* name : {"AWS_REGION", "AWS_DEFAULT_REGION"})
    if (auto region = value_of(environment, name); !region.empty()) return region;
  auto const profile = read_profile(environment);
  return profile ? value_of(*profile, "region") : std::string{};
}

}  // namespace

Account::Account(Environment environment, Clock const& clock, Metrics& metrics)
    : environment_{std::move(environment)},
      clock_{clock},
      region_{region_of(environment_)},
      ca_file_{value_of(environment_, "AWS_CA_BUNDLE")},
      credentials_{default_sources(environment_, region_), clock},
      calls_{metrics} {}

bool Account::correct_clock(Time theirs) {
  auto const wrong_by = theirs - now();
  if (std::chrono::abs(wrong_by) < skew_min) return false;
  skew_us_ += wrong_by.count();
  log::warn("the clock of this machine is wrong; calls to AWS are signed with theirs",
            {{"seconds", std::to_string(skew_us_.load() / 1'000'000)}});
  return true;
}

}  // namespace hoist::aws
