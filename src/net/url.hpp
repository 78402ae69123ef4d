// An http or https URL, taken apart as far as a client needs it.
// Source   RFC 3986, by Boost.URL. Errors: invalid for other schemes, user names, odd hosts.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist::net {

struct Url {
  bool tls = false;
  std::string host;  // without brackets
  std::uint16_t port = 0;
  std::string authority;  // for the Host field: the port only when it is not the scheme's own
  std::string target;     // path and query as given, "/" when empty

  [[nodiscard]] std::string key() const {
    return (tls ? "https " : "http ") + host + ' ' + std::to_string(port);
  }
};

[[nodiscard]] Result<Url> parse_url(std::string_view text);

}  // namespace hoist::net
