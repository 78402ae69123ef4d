#include "events/verify.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <unordered_map>

#include "base/encode.hpp"
#include "events/export_line.hpp"
#include "events/parse.hpp"
#include "model/limits.hpp"

namespace hoist::events {
namespace {

constexpr auto header_members = std::to_array<std::string_view>(
    {"type", "version", "firstSequence", "chainBefore", "publicKey", "signature", "checkpoint"});
constexpr auto event_members = std::to_array<std::string_view>(
    {"type", "sequence", "eventId", "eventType", "timestamp", "receivedAt", "userHash", "userSalt",
     "detailsHash", "hash", "userId", "details", "detailsSalt"});

// What is neither hashed nor signed could be added by anybody.
bool has_only(json::object const& line, std::span<std::string_view const> names) {
  return std::ranges::all_of(line, [&](auto const& member) {
    return std::ranges::find(names, std::string_view{member.key()}) != names.end();
  });
}

constexpr std::string_view redaction_type_json = "\"event.redacted\"";

std::string text_at(json::object const& object, std::string_view name) {
  auto const* value = object.if_contains(json::string_view{name});
  auto const* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string{} : std::string{text->data(), text->size()};
}

bool is_committed(std::string_view salt, std::string_view content, std::string_view hash) {
  auto const raw = unbase64url(salt);
  return raw && base64url(commitment(*raw, content)) == hash;
}

class Verifier {
 public:
  Verifier(std::string_view public_key, std::optional<Checkpoint> since)
      : public_key_{public_key}, since_{std::move(since)} {}

  VerifyReport run(std::istream& lines) {
    if (since_) check_since();
    for (auto line = std::string{}; report_.ok() && std::getline(lines, line);) {
      ++line_;
      if (line_ > 1 && !closed_) {
        if (auto const event = read_fixed_form(line)) {
          take_event(*event);
          continue;
        }
      }
      read_slowly(line);
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

  void read_slowly(std::string const& line) {
    auto const value = parse_json(line, {.depth_max = limits::event_line_depth_max});
    auto const* object = value ? value->if_object() : nullptr;
    if (object == nullptr) return problem("the line is not a JSON object", next_sequence_);
    auto const type = text_at(*object, "type");
    if (line_ == 1) return take_header(*object, type);
    if (closed_) return problem("something follows the last checkpoint", next_sequence_);
    if (type == "checkpoint") return take_closing(*object);
    if (type != "event") return problem("the line is not an event", next_sequence_);
    if (!has_only(*object, event_members))
      return problem("the event has members that no hash covers", next_sequence_);
    take_event(read_any_form(*object, storage_));
  }

  void check_since() {
    if (since_->key_id != key_id_of(public_key_))
      return problem("the earlier checkpoint was signed by another key", 0);
    if (!verify_ed25519(public_key_, signed_text(*since_), since_->signature))
      problem("the signature of the earlier checkpoint is not valid", 0);
  }

  // Called with the last event taken, and before the first.
  void compare_with_since() {
    if (!since_ || since_->size != next_sequence_ - 1) return;
    if (chain_ != since_->chain)
      return problem("the events are not those that the earlier checkpoint signed", since_->size);
    since_met_ = true;
  }

  void finish_since() {
    if (!since_ || since_met_) return;
    auto const begins_later = since_->size < report_.first_sequence;
    problem(begins_later
                ? fmt::format("the export begins at event {}, after the earlier checkpoint at {}: "
                              "ask the server for a proof of consistency instead",
                              report_.first_sequence, since_->size)
                : fmt::format("the log was rolled back: {} events were signed at {}, and it ends at {}",
                              since_->size, to_rfc3339(since_->at), next_sequence_ - 1),
            0);
  }

  // Errors become problems.
  std::optional<Checkpoint> take_checkpoint(json::object const& line) {
    auto const* member = line.if_contains("checkpoint");
    auto const* object = member == nullptr ? nullptr : member->if_object();
    auto checkpoint = object == nullptr ? fail(Code::invalid) : read_checkpoint(*object);
    if (!checkpoint)
      problem("the line has no checkpoint", 0);
    else if (checkpoint->key_id != key_id_of(public_key_))
      problem("the checkpoint was signed by another key", 0);
    else if (!verify_ed25519(public_key_, signed_text(*checkpoint), checkpoint->signature))
      problem("the signature of the checkpoint is not valid", 0);
    if (!report_.ok()) return std::nullopt;
    return *std::move(checkpoint);
  }

  void take_header(json::object const& line, std::string_view type) {
    if (type != "header" || !has_only(line, header_members))
      return problem("the first line is not the header of an export", 0);
    auto const* version = line.if_contains("version");
    if (version == nullptr || !version->is_int64() || version->get_int64() != 1)
      return problem("the header's version is not known", 0);
    if (unbase64url(text_at(line, "publicKey")) != public_key_)
      return problem("the header names another key", 0);
    auto checkpoint = take_checkpoint(line);
    if (!checkpoint) return;
    auto const* first = line.if_contains("firstSequence");
    auto header =
        ExportHeader{*std::move(checkpoint), first != nullptr && first->is_int64() ? first->get_int64() : 0,
                     unbase64url(text_at(line, "chainBefore")).value_or("")};
    auto const signature = unbase64url(text_at(line, "signature"));
    if (!signature || !verify_ed25519(public_key_, signed_text(header), *signature))
      return problem("the signature of the header is not valid", 0);
    report_.first_sequence = next_sequence_ = header.first_sequence;
    chain_ = std::move(header.chain_before);
    tenant_ = header.checkpoint.tenant.str();
    promised_ = header.checkpoint.size;
    report_.checkpoint = std::move(header.checkpoint);
    if (since_ && since_->tenant != report_.checkpoint->tenant)
      return problem("the earlier checkpoint is of another log", 0);
    compare_with_since();
    if (next_sequence_ == promised_ + 1) check_chain(*report_.checkpoint);  // all are past retention
  }

  void take_closing(json::object const& line) {
    auto checkpoint = take_checkpoint(line);
    if (!checkpoint) return;
    if (checkpoint->tenant != report_.checkpoint->tenant || checkpoint->size != next_sequence_ - 1)
      return problem("the checkpoint is not that of the events before it", next_sequence_);
    check_chain(*checkpoint);
    report_.checkpoint = std::move(*checkpoint);
    closed_ = true;
  }

  void check_chain(Checkpoint const& checkpoint) {
    if (chain_ != checkpoint.chain)
      return problem("the events are consistent among themselves but are not those that were signed", 0);
    covered_ = checkpoint.size;
  }

  void take_event(ExportedEvent const& event) {
    auto const sequence = next_sequence_;
    if (event.sequence != sequence)
      return problem(fmt::format("event {} is missing or out of order: {} stands in its place", sequence,
                                 event.sequence),
                     sequence);
    check_content(event);
    chain_ = next_event_chain(
        chain_, event_leaf(EventFactsText{tenant_, sequence, event.id, event.type_json, event.at,
                                          event.received_at, event.user_hash, event.details_hash}));
    if (base64url(chain_) != event.hash) return problem("the event does not match its hash", sequence);
    ++report_.events;
    ++next_sequence_;
    compare_with_since();
    if (sequence == promised_) check_chain(*report_.checkpoint);
  }

  void check_content(ExportedEvent const& event) {
    if (!event.user) {
      if (event.details) return problem("a redacted event has details", event.sequence);
      waiting_redactions_.emplace(event.id, event.sequence);
      ++report_.redacted;
      return;
    }
    if (!is_committed(event.user_salt, *event.user, event.user_hash))
      return problem("the user does not match its hash", event.sequence);
    if (!event.details) return problem("the details are missing", event.sequence);
    if (!is_committed(event.details_salt, *event.details, event.details_hash) &&
        !is_committed_when_sorted(event))
      return problem("the details do not match their hash", event.sequence);
    if (event.type_json == redaction_type_json) settle_redactions(*event.details);
  }

  // Another program may have written the same details in another order.
  static bool is_committed_when_sorted(ExportedEvent const& event) {
    auto const parsed = parse_json(*event.details, {.depth_max = limits::event_line_depth_max});
    return parsed && is_committed(event.details_salt, canonical_json(*parsed), event.details_hash);
  }

  void settle_redactions(std::string_view details) {
    for (auto const& id : redacted_by(details)) waiting_redactions_.erase(id.str());
  }

  void finish() {
    if (!report_.checkpoint) return problem("the file is empty", 0);
    auto const last = next_sequence_ - 1;
    if (last < promised_)
      return problem(fmt::format("the export ends at event {}, but {} were signed", last, promised_),
                     next_sequence_);
    if (covered_ != last)
      return problem(fmt::format("the events after {} are covered by no checkpoint", covered_), covered_ + 1);
    finish_since();
    if (waiting_redactions_.empty()) return;
    auto const first =
        std::ranges::min_element(waiting_redactions_, {}, [](auto const& e) { return e.second; });
    problem("the event was emptied, and no event.redacted names it", first->second);
  }

  std::string_view public_key_;
  std::optional<Checkpoint> since_;
  bool since_met_ = false;
  VerifyReport report_;
  std::int64_t line_ = 0;
  std::int64_t next_sequence_ = 1;
  std::int64_t promised_ = 0;  // events that the header's checkpoint covers
  std::int64_t covered_ = -1;  // events up to here are what was signed
  bool closed_ = false;        // the line of a closing checkpoint came
  std::string tenant_;
  std::string chain_;
  std::unordered_map<std::string, std::int64_t> waiting_redactions_;
  std::vector<std::string> storage_;
};

}  // namespace

VerifyReport verify_export(std::istream& lines, std::string_view public_key,
                           std::optional<Checkpoint> since) {
  return Verifier{public_key, std::move(since)}.run(lines);
}

}  // namespace hoist::events
