#include "events/verify.hpp"

#include <fmt/format.h>

#include <unordered_map>

#include "base/encode.hpp"
#include "base/try.hpp"
#include "events/parse.hpp"

namespace hoist::events {
namespace {

constexpr std::size_t line_depth_max = details_depth_max + 3;

std::string text_at(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(json::string_view{name});
  auto const* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

std::string raw_at(json::object const& object, std::string_view name) {
  return unbase64url(text_at(object, name)).value_or(std::string{});
}

std::int64_t number_at(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(json::string_view{name});
  return value != nullptr && value->is_int64() ? value->get_int64() : -1;
}

Time time_at(json::object const& object, std::string_view name) {
  return parse_rfc3339(text_at(object, name)).value_or(Time{});
}

class Verifier {
 public:
  explicit Verifier(std::string_view public_key) : public_key_{public_key} {}

  VerifyReport run(std::istream& lines) {
    for (auto line = std::string{}; report_.ok() && std::getline(lines, line);) {
      ++line_;
      auto const value = parse_json(line, {.depth_max = line_depth_max});
      auto const* object = value ? value->if_object() : nullptr;
      if (object == nullptr)
        problem("is not a JSON object", next_sequence_);
      else if (line_ == 1)
        read_header(*object);
      else
        read_event(*object);
    }
    if (report_.ok()) finish();
    return std::move(report_);
  }

 private:
  void problem(std::string what, std::int64_t sequence) {
    if (!report_.ok()) return;
    report_.problem = std::move(what);
    report_.problem_line = line_;
    report_.problem_sequence = sequence;
  }

  void read_header(json::object const& header) {
    auto const* signed_part = header.if_contains("checkpoint");
    if (text_at(header, "type") != "header" || signed_part == nullptr || !signed_part->is_object())
      return problem("the first line is not the header of an export", 0);
    auto const& object = signed_part->get_object();
    auto checkpoint = Checkpoint{TenantId{text_at(object, "tenant")},
                                 number_at(object, "size"),
                                 raw_at(object, "root"),
                                 raw_at(object, "chain"),
                                 time_at(object, "at"),
                                 text_at(object, "keyId"),
                                 raw_at(object, "signature")};
    if (checkpoint.key_id != key_id_of(public_key_))
      return problem("the checkpoint was signed by another key", 0);
    if (!verify_ed25519(public_key_, signed_text(checkpoint), checkpoint.signature))
      return problem("the signature of the checkpoint is not valid", 0);
    next_sequence_ = number_at(header, "firstSequence");
    chain_ = raw_at(header, "chainBefore");
    if (next_sequence_ < 1 || (next_sequence_ == 1 && chain_ != event_chain_start()))
      return problem("the header does not say where the chain begins", 0);
    report_.checkpoint = std::move(checkpoint);
  }

  void read_event(json::object const& line) {
    auto const sequence = number_at(line, "sequence");
    if (text_at(line, "type") != "event") return problem("the line is not an event", next_sequence_);
    if (sequence != next_sequence_)
      return problem(fmt::format("event {} is missing or out of order: {} stands in its place",
                                 next_sequence_, sequence),
                     next_sequence_);
    auto const facts = EventFacts{report_.checkpoint->tenant,        sequence,
                                  EventId{text_at(line, "eventId")}, text_at(line, "eventType"),
                                  time_at(line, "timestamp"),        time_at(line, "receivedAt"),
                                  raw_at(line, "userHash"),          raw_at(line, "detailsHash")};
    check_content(line, facts);
    chain_ = next_event_chain(chain_, event_leaf(facts));
    if (chain_ != raw_at(line, "hash")) problem("the event does not match its hash", sequence);
    ++report_.events;
    ++next_sequence_;
  }

  void check_content(json::object const& line, EventFacts const& facts) {
    auto const* user = line.if_contains("userId");
    auto const* details = line.if_contains("details");
    if (user == nullptr || user->is_null()) {
      if (details != nullptr && !details->is_null())
        return problem("a redacted event has details", facts.sequence);
      waiting_redactions_.emplace(facts.id, facts.sequence);
      ++report_.redacted;
      return;
    }
    if (commitment(raw_at(line, "userSalt"), text_at(line, "userId")) != facts.user_hash)
      return problem("the user does not match its hash", facts.sequence);
    if (details == nullptr || !details->is_object())
      return problem("the details are missing", facts.sequence);
    if (commitment(raw_at(line, "detailsSalt"), canonical_json(*details)) != facts.details_hash)
      return problem("the details do not match their hash", facts.sequence);
    if (facts.type == "event.redacted") settle_redactions(details->get_object());
  }

  void settle_redactions(json::object const& details) {
    auto const* list = details.if_contains("redacted");
    if (list == nullptr || !list->is_array()) return;
    for (auto const& id : list->get_array())
      if (id.is_string()) waiting_redactions_.erase(EventId{std::string{id.get_string().c_str()}});
  }

  void finish() {
    if (!report_.checkpoint) return problem("the file is empty", 0);
    auto const& checkpoint = *report_.checkpoint;
    if (next_sequence_ - 1 != checkpoint.size)
      return problem(
          fmt::format("the export ends at event {}, but {} were signed", next_sequence_ - 1, checkpoint.size),
          next_sequence_);
    if (chain_ != checkpoint.chain)
      return problem("the events are consistent among themselves but are not those that were signed", 0);
    for (auto const& [id, sequence] : waiting_redactions_)
      problem("the event was emptied, and no event.redacted names it", sequence);
  }

  std::string_view public_key_;
  VerifyReport report_;
  std::int64_t line_ = 0;
  std::int64_t next_sequence_ = 1;
  std::string chain_;
  std::unordered_map<EventId, std::int64_t> waiting_redactions_;
};

}  // namespace

VerifyReport verify_export(std::istream& lines, std::string_view public_key) {
  return Verifier{public_key}.run(lines);
}

json::object export_header(Checkpoint const& checkpoint, std::int64_t first_sequence,
                           std::string_view chain_before, std::string_view public_key) {
  return {{"type", "header"},
          {"version", 1},
          {"firstSequence", first_sequence},
          {"chainBefore", base64url(chain_before)},
          {"publicKey", base64url(public_key)},
          {"checkpoint", render(checkpoint)}};
}

json::object export_event(EventView const& view) {
  auto const& event = view.event;
  auto line = json::object{{"type", "event"},
                           {"sequence", event.facts.sequence},
                           {"eventId", event.facts.id.str()},
                           {"eventType", event.facts.type},
                           {"timestamp", to_rfc3339(event.facts.at)},
                           {"receivedAt", to_rfc3339(event.facts.received_at)},
                           {"userHash", base64url(event.facts.user_hash)},
                           {"detailsHash", base64url(event.facts.details_hash)},
                           {"hash", base64url(event.chain)}};
  if (event.user) {
    line["userId"] = event.user->str();
    line["userSalt"] = base64url(event.user_salt);
  }
  if (view.state == EventView::Details::present) {
    line["detailsSalt"] = base64url(view.details_salt);
    if (auto details = parse_json(view.details, {.depth_max = line_depth_max}))
      line["details"] = *std::move(details);
  }
  return line;
}

}  // namespace hoist::events
