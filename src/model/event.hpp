// An event as the chain sees it: facts and commitments, no personal data.
//
// The user and the details enter as salted hashes, so that erasing them (and their salts) later
// leaves every hash, and with it the chain, intact.
//
//   user_hash    = SHA-256(user_salt || user id)
//   details_hash = SHA-256(details_salt || canonical JSON of details)
//   leaf         = SHA-256(0x00 || canonical JSON of the facts)         a leaf of the Merkle tree
//   chain(n)     = SHA-256(0x02 || chain(n - 1) || leaf(n)), chain(0) = 32 zero bytes
//
// Units    hashes and salts are raw bytes here, base64url in SQL and JSON.
// Source   RFC 8785 (canonical JSON), RFC 9162 (leaf prefix).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "model/ids.hpp"

namespace hoist {

struct EventFacts {
  TenantId tenant;
  std::int64_t sequence = 0;  // dense per tenant, from 1, in commit order
  EventId id;
  std::string type;
  Time at;           // as the client says
  Time received_at;  // as we say
  std::string user_hash;
  std::string details_hash;
};

[[nodiscard]] std::string commitment(std::string_view salt, std::string_view content);

// What hides an event's user and details in its leaf, under new random salts.
struct EventSeal {
  std::string user_salt;
  std::string user_hash;
  std::string details_salt;
  std::string details_hash;
};
[[nodiscard]] EventSeal seal_event(std::string_view user, std::string_view details);

[[nodiscard]] std::string event_leaf(EventFacts const& facts);
// The same from the facts as they are written; a false spelling gives another leaf.
struct EventFactsText {
  std::string_view tenant;
  std::int64_t sequence = 0;
  std::string_view id;
  std::string_view type_json;  // with its quotes and escapes
  std::string_view at;
  std::string_view received_at;
  std::string_view user_hash;
  std::string_view details_hash;
};
[[nodiscard]] std::string event_leaf(EventFactsText const& facts);
[[nodiscard]] std::string event_chain_start();
[[nodiscard]] std::string next_event_chain(std::string_view previous, std::string_view leaf);

}  // namespace hoist
