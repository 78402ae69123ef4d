// A digest of a set that follows its members coming and going, each at the cost of one hash, whatever the
// order: the sum of their hashes in 1,024 lanes of 16 bits.
//
// Promise  no attacker finds two sets with the same digest, as long as no member is added twice.
// Source   Bellare and Micciancio, "A New Paradigm for Collision-Free Hashing", 1997 (AdHash), with the
// parameters
//          of LtHash16 in Lewi et al., "Securing Update Propagation with Homomorphic Hashing", 2019.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace hoist {

class SetHash {
 public:
  void add(std::string_view member);
  void remove(std::string_view member);
  [[nodiscard]] std::string to_text() const;
  // Errors: invalid.
  [[nodiscard]] static Result<SetHash> parse(std::string_view text);
  bool operator==(SetHash const&) const = default;

 private:
  std::array<std::uint16_t, 1024> lanes_{};
};

}  // namespace hoist
