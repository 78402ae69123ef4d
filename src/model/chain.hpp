// The order receipt of a group: a hash chain over everything accepted, in order. Who keeps the
// chain value of a message can prove later what came before it, and that nothing was slipped in.
//
//   chain(n) = hex(SHA-256(chain(n-1) "\n" queue "\n" tenant "\n" group "\n" sequence "\n" id "\n"
//                          sent_us "\n" hex(SHA-256(body)) "\n")),   chain(0) = 64 zeros
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace hoist {

struct ChainFacts {
  std::string_view queue;
  std::string_view tenant;
  std::string_view group;
  std::int64_t sequence = 0;
  std::string_view id;
  Time sent_at;
  std::string_view body_sha256;  // hex
};

[[nodiscard]] std::string first_chain();
[[nodiscard]] std::string next_chain(std::string_view previous, ChainFacts const& facts);

}  // namespace hoist
