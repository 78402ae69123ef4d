#include "aws/client/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "net/url.hpp"

namespace hoist::aws {
namespace {

std::string variable_of(std::string_view service) {
  auto name = std::string{"AWS_ENDPOINT_URL_"};
  for (auto const c : service)
    name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c == '-' ? '_' : c;
  return name;
}

// A region becomes part of a host name.
bool is_region(std::string_view text) {
  return !text.empty() && text.size() <= 32 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

}  // namespace

Result<std::string> endpoint_of(std::string_view service, std::string_view region,
                                Environment const& environment) {
  auto const own = variable_of(service);
  auto const ignored = value_of(environment, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true";
  for (auto const& name : {own, std::string{"AWS_ENDPOINT_URL"}}) {
    auto url = ignored ? std::string{} : value_of(environment, name);
    if (url.empty()) continue;
    if (auto const parsed = net::parse_url(url); !parsed)
      return fail(Code::invalid, fmt::format("{} must be an http or https address, not \"{}\".", name, url));
    while (url.ends_with('/')) url.pop_back();
    return url;
  }
  if (!is_region(region))
    return fail(Code::invalid, "AWS_REGION must name the region of the AWS account, such as eu-west-1.");
  return fmt::format("https://{}.{}.amazonaws.com{}", service, region,
                     region.starts_with("cn-") ? ".cn" : "");
}

}  // namespace hoist::aws
