#include "model/event.hpp"

#include <fmt/format.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/id.hpp"
#include "base/json.hpp"

namespace hoist {
namespace {

constexpr std::size_t salt_bytes = 16;

}  // namespace

std::string commitment(std::string_view salt, std::string_view content) {
  auto joined = std::string{};
  joined.reserve(salt.size() + content.size());
  joined.append(salt).append(content);
  return sha256(joined);
}

EventSeal seal_event(std::string_view user, std::string_view details) {
  auto salts = random_bytes(2 * salt_bytes);
  auto seal = EventSeal{salts.substr(0, salt_bytes), {}, salts.substr(salt_bytes), {}};
  seal.user_hash = commitment(seal.user_salt, user);
  seal.details_hash = commitment(seal.details_salt, details);
  return seal;
}

// The canonical form written directly: members in order of their names, and only the type can hold
// characters that need escaping.
std::string event_leaf(EventFactsText const& facts) {
  auto entry = std::string{"\0", 1};
  entry.reserve(384);
  entry.append(R"({"detailsHash":")").append(facts.details_hash);
  entry.append(R"(","eventId":")").append(facts.id);
  entry.append(R"(","eventType":)").append(facts.type_json);
  entry.append(R"(,"receivedAt":")").append(facts.received_at);
  entry.append(R"(","sequence":)").append(fmt::format_int{facts.sequence}.c_str());
  entry.append(R"(,"tenant":")").append(facts.tenant);
  entry.append(R"(","timestamp":")").append(facts.at);
  entry.append(R"(","userHash":")").append(facts.user_hash).append("\"}");
  return sha256(entry);
}

std::string event_leaf(EventFacts const& facts) {
  auto const type = canonical_json(json::string{facts.type});
  auto const at = to_rfc3339(facts.at);
  auto const received_at = to_rfc3339(facts.received_at);
  auto const user_hash = base64url(facts.user_hash);
  auto const details_hash = base64url(facts.details_hash);
  return event_leaf(EventFactsText{facts.tenant.str(), facts.sequence, facts.id.str(), type, at, received_at,
                                   user_hash, details_hash});
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
