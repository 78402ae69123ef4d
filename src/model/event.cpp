#include "model/event.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"

namespace hoist {

std::string commitment(std::string_view salt, std::string_view content) {
  auto hasher = Hasher{Hasher::Algorithm::sha256};
  hasher.update(salt);
  hasher.update(content);
  return hasher.finish();
}

// The canonical form written directly: members in order of their names, and only the type can hold
// characters that need escaping.
std::string event_leaf(EventFacts const& facts) {
  auto entry = std::string{"\0", 1};
  fmt::format_to(std::back_inserter(entry),
                 R"({{"detailsHash":"{}","eventId":"{}","eventType":{},"receivedAt":"{}","sequence":{},)"
                 R"("tenant":"{}","timestamp":"{}","userHash":"{}"}})",
                 base64url(facts.details_hash), facts.id.str(), canonical_json(json::string{facts.type}),
                 to_rfc3339(facts.received_at), facts.sequence, facts.tenant.str(), to_rfc3339(facts.at),
                 base64url(facts.user_hash));
  return sha256(entry);
}

std::string event_chain_start() {
  return std::string(32, '\0');
}

std::string next_event_chain(std::string_view previous, std::string_view leaf) {
  auto joined = std::string{"\x02"};
  joined += previous;
  joined += leaf;
  return sha256(joined);
}

}  // namespace hoist
