#include "model/chain.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"

namespace hoist {

std::string first_chain() {
  return std::string(64, '0');
}

std::string next_chain(std::string_view previous, ChainFacts const& facts) {
  return hex(
      sha256(fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n", previous, facts.queue, facts.tenant, facts.group,
                         facts.sequence, facts.id, to_us(facts.sent_at), facts.body_sha256)));
}

}  // namespace hoist
