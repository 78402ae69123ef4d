// Inside of the server: an admitted head becomes a Request.
// Source   W3C Trace Context level 1; RFC 3986 for the target.
#pragma once

#include <random>
#include <set>
#include <string>
#include <string_view>

#include "net/detail/admit.hpp"
#include "net/message.hpp"

namespace hoist::net {

struct Inbound {
  std::string_view peer_address;
  std::set<std::string, std::less<>> const& trusted_proxies;
  std::mt19937_64& random;
};

// Errors: invalid for a broken percent-escape.
[[nodiscard]] Result<Request> make_request(Head const& head, Inbound const& inbound);

// 32 lower-case hex digits.
[[nodiscard]] std::string make_request_id(std::mt19937_64& random);

}  // namespace hoist::net
