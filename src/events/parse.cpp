#include "events/parse.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/encode.hpp"
#include "base/hash.hpp"
#include "base/try.hpp"
#include "model/limits.hpp"

namespace hoist::events {
namespace {

// A UUID (version 8, RFC 9562) that is a function of tenant and key.
EventId id_from_key(TenantId const& tenant, std::string_view key) {
  auto bytes = sha256(fmt::format("event-key\n{}\n{}", tenant.str(), key)).substr(0, 16);
  bytes[6] = static_cast<char>(0x80 | (bytes[6] & 0x0F));
  bytes[8] = static_cast<char>(0x80 | (bytes[8] & 0x3F));
  auto const digits = hex(bytes);
  return EventId{fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4), digits.substr(12, 4),
                             digits.substr(16, 4), digits.substr(20))};
}

// Every character of a name must be seen: no white space at the ends, no controls, no direction marks.
void check_visible(Fields& fields, std::string_view name, std::string_view text) {
  if (text != trim(text)) fields.refuse(name, "must not begin or end with white space");
  for (auto const* hidden : {"\u200B", "\u200E", "\u200F", "\u202A", "\u202B", "\u202C", "\u202D", "\u202E",
                             "\u2066", "\u2067", "\u2068", "\u2069", "\uFEFF", "\u2028", "\u2029"})
    if (text.find(hidden) != text.npos) return fields.refuse(name, "must have visible characters only");
}

std::string read_name(Fields& fields, std::string_view name) {
  auto text = fields.text(name, {.min = 1, .max = limits::name_code_points_max});
  check_visible(fields, name, text);
  return text;
}

// A user stands in addresses, /events/{userId}.
void check_addressable(Fields& fields, std::string_view user) {
  if (user.find_first_of("/\\;") != user.npos) fields.refuse("userId", "must not contain /, \\ or ;");
  if (user == "." || user == ".." || user == "batch") fields.refuse("userId", "is reserved");
}

bool nested_deeper_than(json::value const& value, std::size_t levels) {
  auto const deeper = [&](json::value const& inner) { return nested_deeper_than(inner, levels - 1); };
  if (auto const* array = value.if_array()) return levels == 0 || std::ranges::any_of(*array, deeper);
  if (auto const* object = value.if_object())
    return levels == 0 ||
           std::ranges::any_of(*object, [&](auto const& member) { return deeper(member.value()); });
  return false;
}

// What is read back has to be what was sent, and a canonical form knows doubles only.
bool holds_inexact_integer(json::value const& value) {
  constexpr auto exact_max = std::int64_t{1} << 53;
  if (auto const* number = value.if_int64()) return *number > exact_max || *number < -exact_max;
  if (value.is_uint64()) return true;  // larger than any int64
  if (auto const* array = value.if_array()) return std::ranges::any_of(*array, holds_inexact_integer);
  if (auto const* object = value.if_object())
    return std::ranges::any_of(*object, [](auto const& m) { return holds_inexact_integer(m.value()); });
  return false;
}

std::string read_details(Fields& fields) {
  auto const* details = fields.optional_object("details");
  if (details == nullptr) return "{}";
  if (nested_deeper_than(*details, limits::details_depth_max)) {
    fields.refuse("details", fmt::format("must be nested at most {} levels deep", limits::details_depth_max));
    return "{}";
  }
  if (holds_inexact_integer(*details))
    fields.refuse("details",
                  "must not hold integers beyond 2^53, which JSON readers round: send them as text");
  auto text = canonical_json(*details);
  if (text.size() > limits::details_bytes_max)
    fields.refuse("details", fmt::format("must have at most {} bytes", limits::details_bytes_max));
  return text;
}

// The event's fields; problems stay in `fields`.
NewEvent read_event(Fields& fields, json::object const& body, TenantId const& tenant, std::string_view key,
                    Time now) {
  auto event = NewEvent{};
  event.user = UserId{read_name(fields, "userId")};
  check_addressable(fields, event.user.str());
  event.type = read_name(fields, "eventType");
  if (event.type.starts_with("event."))
    fields.refuse("eventType", "must not begin with \"event.\", which is reserved");
  event.at = fields.optional_time("timestamp").value_or(now);
  if (event.at > now + ahead_max) fields.refuse("timestamp", "must not be more than 5 minutes ahead");
  event.details = read_details(fields);
  auto const id = fields.optional_text("eventId", {.min = 36, .max = 36});
  if (id && !is_uuid(*id)) fields.refuse("eventId", "must be a UUID in lower case");
  event.id_given = id || !key.empty();
  event.id = id ? EventId{*id} : key.empty() ? EventId{new_uuid7(now)} : id_from_key(tenant, key);
  auto const* at = body.if_contains("timestamp");
  event.request_hash =
      sha256(fmt::format("{}:{}{}:{}{} {}", event.user.str().size(), event.user.str(), event.type.size(),
                         event.type, at == nullptr ? 0 : to_us(event.at), event.details));
  return event;
}

}  // namespace

Result<NewEvent> parse_event(json::object const& body, TenantId const& tenant,
                             std::string_view idempotency_key, Time now) {
  auto fields = Fields{body};
  auto event = read_event(fields, body, tenant, idempotency_key, now);
  CHECK(fields.finish());
  return event;
}

Result<std::vector<ParsedEvent>> parse_batch(json::object const& body, TenantId const& tenant,
                                             std::string_view idempotency_key, Time now) {
  auto fields = Fields{body};
  auto const* events = fields.array("events", limits::batch_items_max);
  CHECK(fields.finish());
  auto parsed = std::vector<ParsedEvent>{};
  for (std::size_t i = 0; i < events->size(); ++i) {
    auto const* item = (*events)[i].if_object();
    if (item == nullptr) {
      parsed.emplace_back(std::vector{FieldError{fmt::format("events[{}]", i), "must be an object"}});
      continue;
    }
    auto item_fields = Fields{*item, fmt::format("events[{}].", i)};
    auto const key = idempotency_key.empty() ? std::string{} : fmt::format("{}\n{}", idempotency_key, i);
    auto event = read_event(item_fields, *item, tenant, key, now);
    if (auto errors = item_fields.take_errors(); errors.empty())
      parsed.emplace_back(std::move(event));
    else
      parsed.emplace_back(std::move(errors));
  }
  return parsed;
}

}  // namespace hoist::events
