#include "ports/event_index.hpp"

namespace hoist {

IndexedEvent chain_event(EventHead& head, TenantId const& tenant, NewEvent const& event, Time now) {
  auto seal = event.seal ? *event.seal : seal_event(event.user.str(), event.details);
  auto made = IndexedEvent{};
  made.user = event.user;
  made.user_salt = std::move(seal.user_salt);
  made.facts = {tenant,
                head.last_sequence + 1,
                event.id,
                event.type,
                event.at,
                now,
                std::move(seal.user_hash),
                std::move(seal.details_hash)};
  made.chain = next_event_chain(head.chain, event_leaf(made.facts));
  made.holds_details = event.keep_details;
  made.details = {0, tenant, event.id, std::move(seal.details_salt), event.details, false};
  head.last_sequence = made.facts.sequence;
  head.chain = made.chain;
  return made;
}

}  // namespace hoist
