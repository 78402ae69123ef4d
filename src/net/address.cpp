#include "net/address.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>

#include "base/encode.hpp"

namespace hoist::net {

std::string address_group(std::string_view address) {
  auto text = std::string{address.substr(0, address.find('%'))};
  auto bytes = std::array<unsigned char, 16>{};
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  constexpr auto mapped = std::array<unsigned char, 12>{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
  if (std::equal(mapped.begin(), mapped.end(), bytes.begin()))
    return fmt::format("{}.{}.{}.{}", bytes[12], bytes[13], bytes[14], bytes[15]);
  return hex({reinterpret_cast<char const*>(bytes.data()), 8}) + "/64";
}

}  // namespace hoist::net
