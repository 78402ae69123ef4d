#include "events/export_line.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/encode.hpp"
#include "base/json_members.hpp"
#include "events/parse.hpp"
#include "model/limits.hpp"

namespace hoist::events {
namespace {

std::int64_t number_at(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(json::string_view{name});
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

std::string quoted(std::string_view text) {
  return canonical_json(json::string{text});
}

// Reads a line from left to right; after the first difference from the form it only says so.
class FixedForm {
 public:
  explicit FixedForm(std::string_view line) : rest_{line} {}

  bool literal(std::string_view expected) {
    if (!rest_.starts_with(expected)) return good_ = false;
    rest_.remove_prefix(expected.size());
    return true;
  }
  // Up to the closing quote; escapes are for the slow way.
  std::string_view text() {
    auto const end = rest_.find_first_of("\"\\");
    if (end == rest_.npos || rest_[end] == '\\') {
      good_ = false;
      return {};
    }
    auto const found = rest_.substr(0, end);
    rest_.remove_prefix(end + 1);
    return found;
  }
  std::int64_t number() {
    auto value = std::int64_t{0};
    auto const [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) good_ = false;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }
  [[nodiscard]] bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

}  // namespace

std::string signed_text(ExportHeader const& header) {
  auto const facts = json::object{{"chainBefore", base64url(header.chain_before)},
                                  {"checkpoint", base64url(header.checkpoint.signature)},
                                  {"firstSequence", header.first_sequence}};
  return "hoist-event-export-v1\n" + canonical_json(facts);
}

std::string header_line(ExportHeader const& header, Ed25519Key const& key) {
  return json::serialize(json::object{{"type", "header"},
                                      {"version", 1},
                                      {"firstSequence", header.first_sequence},
                                      {"chainBefore", base64url(header.chain_before)},
                                      {"publicKey", base64url(key.public_key())},
                                      {"signature", base64url(key.sign(signed_text(header)))},
                                      {"checkpoint", render(header.checkpoint)}});
}

std::string checkpoint_line(Checkpoint const& checkpoint) {
  return json::serialize(json::object{{"type", "checkpoint"}, {"checkpoint", render(checkpoint)}});
}

// The details are written as they were hashed, so that no reader has to sort and format them again.
std::string event_line(EventView const& view) {
  auto const& event = view.event;
  auto line = fmt::format(
      R"({{"type":"event","sequence":{},"eventId":"{}","eventType":{},"timestamp":"{}","receivedAt":"{}",)"
      R"("userHash":"{}","detailsHash":"{}","hash":"{}")",
      event.facts.sequence, event.facts.id.str(), quoted(event.facts.type), to_rfc3339(event.facts.at),
      to_rfc3339(event.facts.received_at), base64url(event.facts.user_hash),
      base64url(event.facts.details_hash), base64url(event.chain));
  if (event.user)
    fmt::format_to(std::back_inserter(line), R"(,"userId":{},"userSalt":"{}")", quoted(event.user->str()),
                   base64url(event.user_salt));
  if (view.state == EventView::Details::present)
    fmt::format_to(std::back_inserter(line), R"(,"detailsSalt":"{}","details":{})",
                   base64url(view.details_salt), view.details);
  return line += '}';
}

std::optional<ExportedEvent> read_fixed_form(std::string_view line) {
  auto form = FixedForm{line};
  auto event = ExportedEvent{};
  auto const member = [&](std::string_view before) {
    return form.literal(before) ? form.text() : std::string_view{};
  };
  if (!form.literal(R"({"type":"event","sequence":)")) return std::nullopt;
  event.sequence = form.number();
  event.id = member(R"(,"eventId":")");
  event.type_json = member(R"(,"eventType":")");
  event.at = member(R"(,"timestamp":")");
  event.received_at = member(R"(,"receivedAt":")");
  event.user_hash = member(R"(,"userHash":")");
  event.details_hash = member(R"(,"detailsHash":")");
  event.hash = member(R"(,"hash":")");
  if (!form.good()) return std::nullopt;
  event.type_json = {event.type_json.data() - 1, event.type_json.size() + 2};
  if (form.rest() == "}") return event;
  event.user = member(R"(,"userId":")");
  event.user_salt = member(R"(,"userSalt":")");
  event.details_salt = member(R"(,"detailsSalt":")");
  if (!form.literal(R"(,"details":)") || !form.good()) return std::nullopt;
  if (!form.rest().ends_with("}}")) return std::nullopt;
  event.details = form.rest().substr(0, form.rest().size() - 1);
  return event;
}

ExportedEvent read_any_form(json::object const& line, std::vector<std::string>& storage) {
  storage.clear();
  storage.reserve(line.size() + 8);
  auto const keep = [&](std::string text) -> std::string_view {
    return storage.emplace_back(std::move(text));
  };
  auto const present = [&](std::string_view name) {
    auto const* value = line.if_contains(json::string_view{name});
    return value == nullptr || value->is_null() ? nullptr : value;
  };
  auto event = ExportedEvent{};
  event.sequence = number_at(line, "sequence");
  event.id = keep(text_of(line, "eventId"));
  event.type_json = keep(quoted(text_of(line, "eventType")));
  event.at = keep(text_of(line, "timestamp"));
  event.received_at = keep(text_of(line, "receivedAt"));
  event.user_hash = keep(text_of(line, "userHash"));
  event.details_hash = keep(text_of(line, "detailsHash"));
  event.hash = keep(text_of(line, "hash"));
  event.user_salt = keep(text_of(line, "userSalt"));
  event.details_salt = keep(text_of(line, "detailsSalt"));
  if (present("userId") != nullptr) event.user = keep(text_of(line, "userId"));
  if (auto const* details = present("details")) event.details = keep(canonical_json(*details));
  return event;
}

Result<Checkpoint> read_checkpoint(json::object const& object) {
  auto const raw = [&](std::string_view name) { return unbase64url(text_of(object, name)).value_or(""); };
  auto const at = parse_rfc3339(text_of(object, "at"));
  if (!at) return fail(Code::invalid, "The checkpoint has no time.");
  return Checkpoint{TenantId{text_of(object, "tenant")},
                    number_at(object, "size"),
                    raw("root"),
                    raw("chain"),
                    *at,
                    text_of(object, "keyId"),
                    raw("signature")};
}

std::vector<EventId> redacted_by(std::string_view details) {
  auto const parsed = parse_json(details, {.depth_max = limits::event_line_depth_max});
  auto const* object = parsed ? parsed->if_object() : nullptr;
  auto const* list = object == nullptr ? nullptr : object->if_contains("redacted");
  auto ids = std::vector<EventId>{};
  if (list == nullptr || !list->is_array()) return ids;
  for (auto const& id : list->get_array())
    if (id.is_string()) ids.emplace_back(std::string{id.get_string()});
  return ids;
}

}  // namespace hoist::events
