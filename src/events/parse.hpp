// What callers send, checked: every wrong field is named, all at once.
#pragma once

#include <variant>
#include <vector>

#include "base/json.hpp"
#include "ports/event_index.hpp"

namespace hoist::events {

inline constexpr auto ahead_max = std::chrono::minutes{5};  // of our clock

// `idempotency_key` stands in for an eventId: the same key gives the same id.
[[nodiscard]] Result<NewEvent> parse_event(json::object const& body, TenantId const& tenant,
                                           std::string_view idempotency_key, Time now);

using ParsedEvent = std::variant<NewEvent, std::vector<FieldError>>;
// Errors: invalid when the batch itself is wrong; a wrong event is refused alone. With the key, an
// event without an id gets one from key and place.
[[nodiscard]] Result<std::vector<ParsedEvent>> parse_batch(json::object const& body, TenantId const& tenant,
                                                           std::string_view idempotency_key, Time now);

}  // namespace hoist::events
