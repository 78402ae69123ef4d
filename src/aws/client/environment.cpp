#include "aws/client/environment.hpp"

#include <unistd.h>

namespace hoist::aws {

Environment process_environment() {
  auto found = Environment{};
  for (auto const* const* entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    auto const text = std::string_view{*entry};
    auto const equals = text.find('=');
    if (equals == text.npos) continue;
    if (auto const name = text.substr(0, equals); name.starts_with("AWS_") || name == "HOME")
      found.emplace(name, text.substr(equals + 1));
  }
  return found;
}

std::string value_of(Environment const& environment, std::string_view name) {
  auto const found = environment.find(name);
  return found == environment.end() ? std::string{} : found->second;
}

}  // namespace hoist::aws
