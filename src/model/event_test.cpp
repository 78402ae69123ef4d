#include "model/event.hpp"

#include <gtest/gtest.h>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"

namespace hoist {
namespace {

EventFacts sample() {
  return {TenantId{"acme"},
          7,
          EventId{"0190a000-0000-7000-8000-000000000000"},
          "a\"b\n",
          from_us(1'000'000),
          from_us(2'000'000),
          commitment("s", "u"),
          commitment("t", "{}")};
}

TEST(EventLeaf, IsTheHashOfTheCanonicalJsonOfItsFacts) {
  auto const facts = sample();
  auto const object = json::object{{"userHash", base64url(facts.user_hash)},
                                   {"detailsHash", base64url(facts.details_hash)},
                                   {"eventType", facts.type},
                                   {"eventId", facts.id.str()},
                                   {"sequence", facts.sequence},
                                   {"tenant", "acme"},
                                   {"timestamp", to_rfc3339(facts.at)},
                                   {"receivedAt", to_rfc3339(facts.received_at)}};
  EXPECT_EQ(event_leaf(facts), sha256(std::string{"\0", 1} + canonical_json(object)));
}

TEST(EventLeaf, ChangesWithEveryFact) {
  auto const leaf = event_leaf(sample());
  auto changes = std::vector<std::function<void(EventFacts&)>>{
      [](auto& f) { f.tenant = TenantId{"acmf"}; },
      [](auto& f) { f.sequence = 8; },
      [](auto& f) { f.id = EventId{"0190a000-0000-7000-8000-000000000001"}; },
      [](auto& f) { f.type += "x"; },
      [](auto& f) { f.at += Micros{1}; },
      [](auto& f) { f.received_at += Micros{1}; },
      [](auto& f) { f.user_hash[0] ^= 1; },
      [](auto& f) { f.details_hash[31] ^= 1; }};
  for (auto const& change : changes) {
    auto facts = sample();
    change(facts);
    EXPECT_NE(event_leaf(facts), leaf);
  }
  EXPECT_NE(next_event_chain(event_chain_start(), leaf),
            next_event_chain(next_event_chain(event_chain_start(), leaf), leaf));
}

}  // namespace
}  // namespace hoist
