#include "net/authorization.hpp"

#include "base/encode.hpp"

namespace hoist::net {

std::optional<std::string_view> credentials_of(std::string_view field, std::string_view scheme) {
  auto const named = field.size() > scheme.size() + 1 && field[scheme.size()] == ' ' &&
                     to_lower(field.substr(0, scheme.size())) == to_lower(scheme);
  if (!named) return std::nullopt;
  return field.substr(scheme.size() + 1);
}

}  // namespace hoist::net
